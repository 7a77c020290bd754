// Runs the built program and keeps what it said.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/testing.h"  // sentences()

namespace isoflop::test {

struct Outcome {
  int code = -1;  ///< exit code; 128 + signal if it died of one
  std::string out, err;
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(out); }
};

/// Arguments as a shell line, after the program's name; `before` stands in front of it (e.g. "setpriv --reuid=65534").
[[nodiscard]] Outcome program(const std::string& arguments, const std::string& before = "");

/// The program, sent a signal when `checkpoints` newer than those before it are in STUDY/runs/*/ckpt; killed after three minutes
/// without them.
[[nodiscard]] Outcome stopped_by(int signal, const std::string& arguments, const std::string& study, int checkpoints = 1);

/// An empty folder of this name, of this process alone; the program's cache lies inside it until the next call.
[[nodiscard]] std::filesystem::path fresh(const std::string& name);

void write(const std::filesystem::path& path, const std::string& bytes);
[[nodiscard]] std::string read(const std::filesystem::path& path);

/// Flags of a model that trains in a blink.
inline const std::string kTiny =
    " --n_layer 1 --n_head 1 --n_embd 8 --block_size 16 --batch_size 4 --max_iters 20 --learning_rate 1e-2 --split block ";

}  // namespace isoflop::test
