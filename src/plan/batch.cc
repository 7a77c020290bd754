// Learning rate, batch and steps by every law side by side; days against money.
#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "isoflop/text.h"
#include "isoflop/cost.h"
#include "plan/positive.h"

namespace isoflop {
namespace {

using plan::need_positive;

/// A published law at one point, by the laws room.
double at(const PublishedLaw& law, const std::map<std::string, double>& inputs) {
  Observations point;
  point.labels = {"the plan"};
  for (const auto& [column, value] : inputs) point.columns[column] = {value};
  return predict_law(point, law.law, law.constants)[0].value();
}

bool within(double value, double low, double high) {
  return low <= value && value <= high;
}

Hyperparameter of(const std::string& name, const std::string& quantity, const std::map<std::string, double>& inputs,
                  const std::string& formula, const std::string& conditions) {
  const PublishedLaw& law = published_law(name);
  return {.law = name,
          .quantity = quantity,
          .value = at(law, inputs),
          .formula = formula,
          .conditions = conditions,
          .range = law.range,
          .source = law.source,
          .in_range = {},
          .note = law.note,
          .interval = published_interval(law, inputs)};
}

std::vector<Hyperparameter> rates(const HyperparameterQuestion& q, double body, double flops) {
  std::vector<Hyperparameter> all;
  all.push_back(of("steplaw2025_learning_rate", "learning_rate", {{"params", body}, {"tokens", q.tokens}}, "1.79 N^-.713 D^.307",
                   "AdamW, cosine to 1e-5, with the batch of steplaw2025_batch; N non-embedding"));
  all.back().in_range = within(body, 2.1e8, 1.1e9) && within(q.tokens, 4e9, 1e11);
  all.push_back(of("deepseek2024_learning_rate", "learning_rate", {{"flops", flops}}, ".3118 C^-.125",
                   "AdamW, multi-step schedule, with the batch of deepseek2024_batch; C = M D"));
  all.back().in_range = within(flops, 1e17, 2e19);
  // not a power law, so it is not in the laws room
  Hyperparameter kaplan{.law = "kaplan2020_learning_rate",
                        .quantity = "learning_rate",
                        .value = .003239 - .0001395 * log_(body),
                        .formula = ".003239 - .0001395 ln N",
                        .conditions = "Adam, batch of 2^19 tokens, 3000 steps of warm-up; N non-embedding",
                        .range = "N from 3e3 to 1.5e9, WebText2",
                        .source = "Kaplan et al. 2020 (arXiv:2001.08361), appendix D.6",
                        .in_range = within(body, 3e3, 1.5e9),
                        .note = {}};
  if (*kaplan.value <= 0) {
    kaplan.note = "the line is below 0 from N = " + format_significant(exp_(.003239 / .0001395), 3) + " on: no rate";
    kaplan.value.reset();
  }
  all.push_back(kaplan);
  all.push_back({.law = "bjorck2024_horizon",
                 .quantity = "learning_rate",
                 .value = {},
                 .formula = "lr proportional to N^-.23 D^-.32",
                 .conditions = "at fixed batch: StepLaw's D^+.307 has the batch grow too",
                 .range = "N to 2.7e9, D to 8e11",
                 .source = "Bjorck et al. 2024 (arXiv:2409.19913)",
                 .in_range = {},
                 .note = "a factor on the best rate of a shorter run: x " +
                         format_significant(learning_rate_over_horizon(10), 4) + " for 10 times the tokens"});
  return all;
}

std::vector<Hyperparameter> batches(const HyperparameterQuestion& q, double body, double flops) {
  std::vector<Hyperparameter> all;
  all.push_back(of("steplaw2025_batch", "batch_tokens", {{"tokens", q.tokens}}, ".58 D^.571",
                   "with the rate of steplaw2025_learning_rate"));
  all.back().in_range = within(q.tokens, 4e9, 1e11);
  all.push_back(of("deepseek2024_batch", "batch_tokens", {{"flops", flops}}, ".2920 C^.3271",
                   "with the rate of deepseek2024_learning_rate"));
  all.back().in_range = within(flops, 1e17, 2e19);
  // units deduced: N in millions, the batch in sequences of 512 tokens; 1e9 parameters give the paper's 2396 sequences
  all.push_back({.law = "zhang2024_critical_batch",
                 .quantity = "critical_batch_tokens",
                 .value = 512 * 93.20 * pow_(body / 1e6, .47),
                 .formula = "512 x 93.20 (N / 1e6)^.47",
                 .conditions = "trained to 20 tokens per parameter; where 20 % more tokens are needed",
                 .range = "N from 8.5e7 to 1.2e9",
                 .source = "Zhang et al. 2024 (arXiv:2410.21676)",
                 .in_range = within(body, 8.5e7, 1.2e9),
                 .note = "units deduced from the paper's figure"});
  if (q.loss) {
    for (const char* name : {"kaplan2020_critical_batch", "minicpm2024_critical_batch"})
      all.push_back(of(name, "critical_batch_tokens", {{"loss", *q.loss}}, name[0] == 'k' ? "2e8 / L^4.76" : "1.21e9 / L^6.24",
                       "at the loss aimed at, in its own tokenizer's nats per token"));
  }
  return all;
}

std::vector<std::int64_t> device_counts(const FrontierOptions& o) {
  if (!o.devices.empty()) return o.devices;
  const double useful = 2 * o.critical_batch / o.tokens_per_device * static_cast<double>(o.devices_per_replica);
  std::vector<std::int64_t> counts;
  for (std::int64_t n = 8 * ((o.devices_per_replica + 7) / 8);
       counts.size() < 3 || (static_cast<double>(n) <= useful && counts.size() < 40); n *= 2)
    counts.push_back(n);
  return counts;
}

}  // namespace

std::vector<Hyperparameter> hyperparameters(const HyperparameterQuestion& q) {
  need_positive("params", q.params);
  need_positive("tokens", q.tokens);
  if (q.params_non_embedding) need_positive("params_non_embedding", *q.params_non_embedding);
  if (q.flops) need_positive("FLOPs", *q.flops);
  if (q.loss) need_positive("loss", *q.loss);
  const double body = q.params_non_embedding.value_or(q.params), flops = q.flops.value_or(6 * q.params * q.tokens);
  std::vector<Hyperparameter> all = rates(q, body, flops), more = batches(q, body, flops);
  all.insert(all.end(), more.begin(), more.end());
  for (Hyperparameter& h : all) {
    const auto say = [&](const std::string& text) { h.note += (h.note.empty() ? "" : "; ") + text; };
    if (!q.params_non_embedding && h.conditions.find("non-embedding") != std::string::npos) say("N is all parameters here");
    if (!q.flops && h.law.starts_with("deepseek")) say("C is 6 N D here");
    if (h.in_range == false) say("beyond the range it was fitted to");
  }
  return all;
}

double learning_rate_over_horizon(double times) {
  need_positive("times", times);
  return pow_(times, -.32);
}

double learning_rate_over_size(double times) {
  need_positive("times", times);
  return pow_(times, -.23);
}

MuTransfer mu_transfer(double m) {
  need_positive("width", m);
  return {.hidden_rate = 1 / m,
          .embedding_rate = 1,
          .hidden_variance = 1 / m,
          .output_multiplier = 1 / m,
          .attention_scale_exponent = -1};
}

BatchTradeoff batch_tradeoff(double least_steps, double critical_batch, double batch) {
  need_positive("steps", least_steps);
  need_positive("critical batch", critical_batch);
  need_positive("batch", batch);
  const double steps = least_steps * (1 + critical_batch / batch);
  return {steps, steps * batch};
}

NoiseScale noise_scale(double small_batch, double small_norm2, double big_batch, double big_norm2) {
  for (const double value : {small_batch, small_norm2, big_batch, big_norm2}) need_positive("batch or squared norm", value);
  if (!(small_batch < big_batch)) throw Error(Fault::usage, "batches", "the second is not above the first");
  NoiseScale n;
  n.squared_gradient = (big_batch * big_norm2 - small_batch * small_norm2) / (big_batch - small_batch);
  n.trace = (small_norm2 - big_norm2) / (1 / small_batch - 1 / big_batch);
  n.noise_scale = n.trace / n.squared_gradient;
  return n;
}

BatchSchedule schedule_of(double tokens, double batch_tokens, std::int64_t block_size) {
  need_positive("tokens", tokens);
  need_positive("batch", batch_tokens);
  need_positive("block_size", static_cast<double>(block_size));
  const double block = static_cast<double>(block_size);
  BatchSchedule s;
  s.batch_tokens = block;  // the power of two nearest in ratio
  while (2 * s.batch_tokens * s.batch_tokens <= batch_tokens * batch_tokens) s.batch_tokens *= 2;
  s.steps = std::max(1.0, std::round(tokens / s.batch_tokens));
  s.warmup_steps = std::floor(std::min(std::clamp(s.steps / 100, 100.0, 2000.0), s.steps / 10));
  return s;
}

std::vector<FrontierPoint> days_money_frontier(double flops, double tokens, const FrontierOptions& o) {
  need_positive("tokens", tokens);
  need_positive("batch", o.batch_tokens);
  need_positive("critical batch", o.critical_batch);
  need_positive("tokens per device", o.tokens_per_device);
  need_positive("devices per replica", static_cast<double>(o.devices_per_replica));
  std::vector<FrontierPoint> points;
  for (const std::int64_t count : device_counts(o)) {
    need_positive("devices", static_cast<double>(count));
    FrontierPoint p;
    p.devices = count;
    const double replicas = std::max(1.0, static_cast<double>(count) / static_cast<double>(o.devices_per_replica));
    p.batch_tokens = std::max(o.batch_tokens, replicas * o.tokens_per_device);
    p.token_overhead = (1 + p.batch_tokens / o.critical_batch) / (1 + o.batch_tokens / o.critical_batch);
    p.tokens = tokens * p.token_overhead;
    p.steps = p.tokens / p.batch_tokens;
    CostOptions cost = o.cost;
    cost.devices = count;
    p.cost = training_cost(flops * p.token_overhead, cost);
    points.push_back(std::move(p));
  }
  const auto price = [](const FrontierPoint& p) { return p.cost.device_hours.value; };
  for (FrontierPoint& p : points)
    p.dominated = std::any_of(points.begin(), points.end(), [&](const FrontierPoint& q) {
      const bool no_worse = q.cost.days.value <= p.cost.days.value && price(q) <= price(p);
      return no_worse && (q.cost.days.value < p.cost.days.value || price(q) < price(p));
    });
  return points;
}

}  // namespace isoflop
