// A small study that the tests of the whole job share. Included by tests only.
#pragma once

#include <filesystem>
#include <string>

#include "base/testing.h"
#include "isoflop/lab.h"

namespace isoflop::lab {

inline constexpr const char* kSmallStudy = R"(
name = "small"
[data]
split = "block"
block_characters = 500
tokenizer = "char"
[model]
block_size = 16
[[models]]
name = "a"
n_layer = 1
n_head = 1
n_embd = 8
[[models]]
name = "b"
n_layer = 1
n_head = 2
n_embd = 16
[[models]]
name = "c"
n_layer = 2
n_head = 2
n_embd = 24
[train]
learning_rate = 2e-2
warmup_iters = 5
batch_size = 8
max_iters = 120
[eval]
interval = 30
)";

/// A study, its text and where it goes.
struct Place {
  std::filesystem::path folder;
  LabOptions options;
  Study study;
};

inline Place place_for(const std::string& name, const std::string& text = kSmallStudy) {
  Place place;
  place.folder = fresh_folder(name);
  write_output(place.folder / "text.txt", sentences(30'000));
  place.options.out = place.folder / "study";
  place.options.cache = place.folder / "cache";
  place.options.threads = 2;
  place.study = study_from_toml(text, "small.toml");
  place.study.corpus.inputs = {(place.folder / "text.txt").string()};
  return place;
}

}  // namespace isoflop::lab
