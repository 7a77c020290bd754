// Sample corpora by recipe: fetched by a package manager's ordinary client, turned into one JSON Lines file.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "isoflop/corpus.h"

namespace isoflop::corpus {

struct Recipe {
  CorpusRecipe facts;
  std::string sha256;                 ///< of the JSON Lines file
  std::string source;                 ///< of every document, where the files do not name one
  std::vector<std::string> packages;  ///< apt
  std::vector<std::string> files;     ///< patterns below the unpacked folder, in order
  std::vector<std::string> command;   ///< verses: the packaged program that prints the text
  std::vector<std::string> titles;    ///< verses: the books, in order of appearance
};

/// Throws bad_data, naming table and key.
[[nodiscard]] std::vector<Recipe> parse_recipes(std::string_view toml, const std::string& subject);

/// The clients, by name or path; a test puts its own in their place.
struct Clients {
  std::string npm = "npm";
  std::string tar = "tar";
  std::string apt_get = "apt-get";
  std::string dpkg_deb = "dpkg-deb";
};

/// get_corpus of one recipe.
[[nodiscard]] std::string get_by_recipe(const Recipe& recipe, const std::filesystem::path& cache_dir, const Clients& clients,
                                        std::stop_token stop, const ProgressFn& progress);

/// Fetches and unpacks a recipe's packages below `folder`.
void fetch_packages(const Recipe& recipe, const std::filesystem::path& folder, const Clients& clients, std::stop_token stop,
                    const std::function<void(std::string_view)>& doing);

/// The JSON Lines that `unpack` makes of what lies below `folder`. Throws bad_data if the packages hold something else.
[[nodiscard]] std::string unpack_to_json_lines(const Recipe& recipe, const std::filesystem::path& folder, std::stop_token stop);

}  // namespace isoflop::corpus
