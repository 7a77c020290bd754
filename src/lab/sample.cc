// Text from a stored run's newest whole checkpoint.
#include <algorithm>
#include <numeric>

#include "base/file.h"
#include "base/math.h"
#include "base/random.h"
#include "base/team.h"
#include "isoflop/lab.h"
#include "lab/stored_model.h"
#include "lab/study_report.h"

namespace isoflop {
namespace {

// one draw from softmax(logits / temperature) over the top_k likeliest
std::int32_t draw(std::span<const float> logits, const SampleOptions& options, std::uint64_t position) {
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto likelier = [&](std::int32_t a, std::int32_t b) {
    const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x != y ? x > y : a < b;
  };
  const std::size_t keep = options.temperature <= 0 ? 1
                           : options.top_k > 0      ? std::min<std::size_t>(order.size(), static_cast<std::size_t>(options.top_k))
                                                    : order.size();
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(keep), order.end(), likelier);
  if (keep == 1) return order[0];

  std::vector<double> weights(keep);
  const double top = logits[static_cast<std::size_t>(order[0])];
  for (std::size_t i = 0; i < keep; ++i)
    weights[i] = exp_((logits[static_cast<std::size_t>(order[i])] - top) / options.temperature);
  double left = Philox{options.seed, Stream::sampling}.uniform(position) * std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t i = 0; i < keep; ++i) {
    left -= weights[i];
    if (left < 0) return order[i];
  }
  return order[keep - 1];
}

}  // namespace

std::string sample_run(const std::filesystem::path& folder, const std::string& name, const SampleOptions& options,
                       const std::function<void(const std::string&)>& log) {
  const RunStore store = RunStore::open_existing(folder);
  const StoredRun run = lab::stored_run(store, name);
  const RunSpec spec = store.spec(run.id);
  const auto tokenizer = lab::study_tokenizer(folder);
  Team team(std::max<std::int64_t>(1, options.threads));
  EngineOptions engine_options = lab::engine_options(spec, {options.isa.value_or(best_isa()), false});
  engine_options.bf16 = false;
  engine_options.max_sequences = 1;
  const auto engine = lab::stored_engine(run, spec, *tokenizer, engine_options, team, log);

  std::vector<std::int32_t> tokens;
  tokenizer->encode(options.prompt, tokens);
  const std::size_t prompt = tokens.size();
  if (tokens.empty()) {
    std::vector<std::int32_t> newline;
    tokenizer->encode("\n", newline);
    tokens.push_back(tokenizer->end_of_text().value_or(newline.empty() ? 0 : newline.back()));
  }
  const std::size_t start = prompt == 0 ? tokens.size() : 0;
  std::vector<float> logits(static_cast<std::size_t>(spec.shape.vocab_size));
  for (std::int64_t i = 0; i < options.tokens; ++i) {
    if (options.stop.stop_requested()) {
      throw Error(Fault::stopped, "sample",
                  "stopped after " + std::to_string(i) + " of " + std::to_string(options.tokens) + " tokens");
    }
    const std::size_t context = std::min(tokens.size(), static_cast<std::size_t>(spec.shape.block_size));
    engine->next_logits(std::span(tokens).last(context), logits);
    const std::int32_t next = draw(logits, options, static_cast<std::uint64_t>(i));
    if (tokenizer->end_of_text() && next == *tokenizer->end_of_text()) break;
    tokens.push_back(next);
  }
  return tokenizer->decode(std::span(tokens).subspan(start));
}

}  // namespace isoflop
