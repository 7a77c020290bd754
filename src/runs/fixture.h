// Runs that the tests of the store share. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/hash.h"
#include "base/sealed_json.h"
#include "base/testing.h"
#include "isoflop/runs.h"

namespace isoflop {

/// A study's folder, and runs of a few steps in it.
class Store : public testing::Test {
 protected:
  void SetUp() override { study_ = fresh_folder() / "study"; }
  void TearDown() override { std::filesystem::remove_all(study_); }

  std::filesystem::path study_;
};

inline const std::string kTokenizer = seal_json("{\"kind\":\"byte\"}");

inline RunSpec spec_of(std::uint64_t seed) {
  RunSpec spec;
  spec.shape.vocab_size = 98;
  spec.shape.block_size = 16;
  spec.data = {{.id = "d", .weight = 1, .subset_tokens = {}, .max_epochs = {}}};
  spec.batch_size = 4;
  spec.max_iters = 1000;
  spec.seed = seed;
  spec.tokenizer = content_id(kTokenizer);
  return resolve(spec);
}

inline StepRecord step_at(std::int64_t step) {
  return {.step = step,
          .tokens = 64 * (step + 1),
          .loss = 4.0 / static_cast<double>(step + 1),
          .grad_norm = 0.1 * static_cast<double>(step),
          .learning_rate = 3e-4};
}
inline EvalRecord eval_at(std::int64_t step) {
  return {.step = step,
          .tokens = 64 * step,
          .scored_tokens = 100,
          .scored_bytes = 120,
          .loss = 3.5,
          .loss_se = 0.01,
          .bits_per_byte = 2.1,
          .loss_full_context = {},
          .documents = {{.document = 0, .tokens = 100, .bytes = 120, .nats = 350}}};
}
inline RunRecord record_of(const RunSpec& spec, const std::string& name) {
  RunRecord record;
  record.id = run_id(spec);
  record.name = name;
  record.group = "g";
  record.status = RunStatus::done;
  record.params = param_counts(spec.shape);
  record.flops = flops_per_token(spec.shape);
  record.steps = 20;
  record.tokens = 20 * 64;
  record.unique_tokens = 100'000;
  record.loss = 3.3 + 0.1 * static_cast<double>(spec.seed % 7);
  record.isa = "ref";
  return record;
}

/// Steps [from, to), an evaluation before every tenth.
inline void write_steps(RunWriter& writer, std::int64_t from, std::int64_t to) {
  for (std::int64_t step = from; step < to; ++step) {
    if (step % 10 == 0) writer.eval(eval_at(step));
    writer.step(step_at(step));
    writer.timing(step, 0.01);
  }
}
inline std::string finished_run(RunStore& store, std::uint64_t seed, const std::string& name = "tiny") {
  const auto writer = store.write(spec_of(seed), name, "g");
  write_steps(*writer, 0, 20);
  writer->finish(record_of(spec_of(seed), name), {.seconds = 1.5, .tokens_per_second = 900, .threads = 2, .peak_bytes = 1 << 20});
  return run_id(spec_of(seed));
}

inline void append(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::app | std::ios::binary) << bytes;
}
inline void overwrite(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::trunc | std::ios::binary) << bytes;
}

/// Changes one bit where the file lies, without a rewrite of the rest.
inline void flip(const std::filesystem::path& path, std::size_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get() ^ (1 << (at % 8)));
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

inline std::string listed(const RunStore& store) {
  std::string text;
  for (const StoredRun& run : store.list()) text += to_json(run) + "\n";
  return text;
}

}  // namespace isoflop
