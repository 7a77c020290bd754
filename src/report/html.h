// The parts every page is made of. What comes from outside is escaped here or by the caller, as each says.
#pragma once

#include <string>
#include <vector>

#include "isoflop/report.h"

namespace isoflop::report {

/// <name class="cls">inner</name>; `inner` is markup.
[[nodiscard]] std::string tag(const std::string& name, const std::string& cls, const std::string& inner);
/// A name from outside: escaped and isolated, so that its direction stays its own.
[[nodiscard]] std::string name_of(const std::string& text);
/// A definition of a tile; all three are markup, `more` may be empty.
[[nodiscard]] std::string tile(const std::string& what, const std::string& value, const std::string& more);
/// Both drawings of a figure and its caption, which is markup.
[[nodiscard]] std::string figure_html(const Figure& figure, double width, double height, double slim_height,
                                      const std::string& caption);
/// The box of warnings: each text once, without those `said` holds already; empty without one.
[[nodiscard]] std::string care_html(const std::vector<Warning>& warnings, const std::string& said);
/// The whole document around the markup of its header and its sections.
[[nodiscard]] std::string document_html(const std::string& title, const std::string& header, const std::string& sections,
                                        const std::string& made_by);
/// A section; `opens` the page: its lead and tiles stand where a study has its law.
[[nodiscard]] std::string section_html(const PageSection& section, bool opens);

}  // namespace isoflop::report
