// Which draws a fit was made with: a checksum in its JSON, `draws_sha256`, that the planner holds a file of draws to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "isoflop/laws.h"

namespace isoflop::laws {

/// SHA-256 of a law's constants as resampled, a draw after the other.
[[nodiscard]] std::string hash_of_draws(const std::vector<std::map<std::string, double>>& draws);
/// The same of a fit; empty where it was not resampled.
[[nodiscard]] std::string hash_of_draws(const Fit& fit);
/// What a fit's JSON says of it, arguments as fit_from_json takes them; empty where it says nothing.
[[nodiscard]] std::string hash_of_draws(const std::string& json, const std::string& subject, const std::string& name);

}  // namespace isoflop::laws
