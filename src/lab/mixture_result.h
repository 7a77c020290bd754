// What a study of mixtures came to: judged, kept in its folder, and as a section of its page.
#pragma once

#include <filesystem>
#include <optional>

#include "isoflop/lab.h"

namespace isoflop::lab {

/// The file that makes a folder a finished study of mixtures.
inline constexpr const char* kMixtureResult = "mixture_result.json";
inline constexpr const char* kMixtureLaw = "mixture.json";

/// Fills means, the seed's spread, and what each says of the weights recommended, which are the first: better by more than that
/// spread, or not told.
void judge(MixtureResult& result);

/// mixture_result.json, sealed: the result and the section that shows it.
void write_mixture_result(const std::filesystem::path& folder, const MixtureResult& result, const MixtureTable& proxies);

/// That section; nothing where the folder has no such file. Throws bad_data.
[[nodiscard]] std::optional<PageSection> read_mixture_section(const std::filesystem::path& folder);

}  // namespace isoflop::lab
