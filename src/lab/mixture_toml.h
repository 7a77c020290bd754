// The [mixture] section of a study as text and back.
#pragma once

#include "isoflop/lab.h"
#include "lab/toml_reader.h"

namespace isoflop::lab {

/// Throws bad_study with file, line and column.
[[nodiscard]] MixtureStudy read_mixture(TomlReader& reader);
[[nodiscard]] toml::table toml_of(const MixtureStudy& mixture);

}  // namespace isoflop::lab
