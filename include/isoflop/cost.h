// What a training run asks of machines: accelerators, time, money, energy, memory, parallel layout, architecture, batch and
// rates.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isoflop/accelerators.h"
#include "isoflop/arch.h"
#include "isoflop/base.h"
#include "isoflop/laws.h"

namespace isoflop {

// ---- time, money, energy

/// A value with the ends of what is plausible; not a confidence interval.
struct Range {
  double low = 0, value = 0, high = 0;
};

/// Model FLOPs utilisation: 6 N D (or the law's own FLOPs) over device-seconds times the dense peak.
///
/// Source   median .375 of the 33 published runs with both numbers (Epoch AI's table of models); LLaMA 7B-65B .434-.514,
///          Llama-2-70B .429, Llama-3.1-405B .345 with restarts, DeepSeek-V3 .346, BLOOM .318.
inline constexpr Range kMfu{.30, .375, .50};

struct CostOptions {
  Accelerator accelerator = {};
  std::int64_t devices = 1;
  Range mfu = kMfu;                           ///< equal ends: known
  std::optional<Range> usd_per_hour = {};     ///< none: the accelerator's
  double pue = 1.1;                           ///< power of the building over power of the machines
  double kg_co2_per_kwh = .385;               ///< of the grid, by place
  bool server_power = false;                  ///< count the server around the device too (server_factor)
  double hardware_over_model = 1;             ///< FLOPs done over FLOPs counted: recomputation_factor()
};

/// What `flops` cost. Low ends go with the high utilisation (money: with the low price too).
struct TrainingCost {
  double flops = 0;
  Range mfu;
  Range days, device_hours;
  std::optional<Range> usd;
  std::optional<Range> kwh, co2_kg;
  std::string accelerator;
  std::int64_t devices = 1;
  std::string energy_basis;                   ///< what was multiplied, in words
  std::string carbon_basis;
  std::vector<Warning> warnings;
};

/// Money, energy or hours for people, to so many digits: "29,720", below 1,000 as format_significant().
[[nodiscard]] std::string format_amount(double value, int digits);

/// days = flops / (devices * peak * MFU) / 86400; kWh = device-hours * watts * PUE / 1000; CO2 = kWh * grid.
///
/// Source   Narayanan et al. 2021 (arXiv:2104.04473), section 3.3.1; energy and carbon: Touvron et al. 2023 (arXiv:2302.13971),
///          section 6 (board power, PUE 1.1, .385 kg/kWh; location-based, embodied carbon out).
/// Throws   Error{usage} naming the option that is not positive, or an MFU above 1.
/// Checked  cost_test.cc: LLaMA's energy; Megatron's days; 1e22 FLOPs on 64 H100.
[[nodiscard]] TrainingCost training_cost(double flops, const CostOptions& options);

/// The inverse: FLOPs done in that time, or for that money, at the band of utilisation (money: at the typical price).
///
/// Throws   Error{usage} as training_cost(), and where the price is not known.
[[nodiscard]] Range flops_in_days(double days, const CostOptions& options);
[[nodiscard]] Range flops_for_usd(double usd, const CostOptions& options);

/// flops / (device_hours * 3600 * peak).
[[nodiscard]] double model_flops_utilisation(double flops, double device_hours, double peak_flops);

/// Seconds with full recomputation: 8 T P / (n X), X the FLOP/s achieved per device.
///
/// Source   Narayanan et al. 2021 (arXiv:2104.04473), eq. 4.
/// Checked  cost_test.cc: 33.91 and 83.21 days.
[[nodiscard]] double seconds_with_recomputation(double params, double tokens, double devices, double flops_per_device);

/// What owning a device costs per hour.
struct OwnershipOptions {
  double usd_to_buy = 0;           ///< device and its share of the server
  double watts = 0;                ///< of the device
  double server_factor = 1;        ///< power of the server over it
  double oom_per_year = .14;       ///< by which performance per dollar of new hardware grows: depreciation
  double interconnect_share = .19; ///< of the whole price
  double utilisation = .75;        ///< mean power over the stated one
  double pue = 1.1;
  double usd_per_kwh = .0806;
};
struct Ownership {
  double hardware = 0, interconnect = 0, energy = 0;  ///< dollars per device-hour
  [[nodiscard]] double total() const { return hardware + interconnect + energy; }
};
/// Source   Cottier et al. 2024 (arXiv:2405.21015), appendix: amortisation at rate ln(10) k per year of 8766 h.
/// Checked  cost_test.cc: H100 $1.9552/h, A100 $1.1845/h.
[[nodiscard]] Ownership ownership_per_hour(const OwnershipOptions& options);

// ---- FLOPs by every convention

struct FlopsConvention {
  std::string name, formula;
  double flops_per_token = 0;  ///< training: forward and backward
};
/// What one training token costs as each tool counts it; GPT-2 styles (n_inner = 4 n_embd for the printed formulas).
///
/// Source   6N; Kaplan et al. 2020; PaLM app. B and nanoGPT; llm.c; Megatron (arXiv:2104.04473, eq. 3); DeepSeek LLM.
/// Checked  cost_test.cc: GPT-2 124M and 1.5B to the last digit.
[[nodiscard]] std::vector<FlopsConvention> flops_conventions(const Shape& shape);

/// Hoffmann et al. 2022, appendix F, per sequence and forward and backward; `with_embedding` adds the lookup and the logits as
/// they do.
[[nodiscard]] double hoffmann_flops_per_sequence(const Shape& shape, bool with_embedding);

// ---- memory

enum class Recomputation { none, selective, full };
[[nodiscard]] std::string to_string(Recomputation recomputation);

/// How a model lies over devices. tensor * pipeline * data = devices.
struct Layout {
  std::int64_t tensor = 1, pipeline = 1, data = 1;
  std::int64_t virtual_stages = 1;     ///< of an interleaved pipeline
  std::int64_t micro_batches = 1;      ///< per pipeline and step
  int zero = 0;                        ///< 0 none, 1 optimizer, 2 + gradients, 3 + weights are split over `data`
  bool sequence_parallel = true;       ///< norms and dropout are split over `tensor` too
};

struct MemoryOptions {
  std::int64_t micro_batch = 1;        ///< sequences
  Recomputation recomputation = Recomputation::selective;
  bool flash_attention = true;         ///< the T x T scores are not kept, whatever is recomputed
  double weight_bytes = 2, gradient_bytes = 4, optimizer_bytes = 12;  ///< per parameter: bf16, f32, master and two moments in f32
  double kv_bytes = 2;                 ///< per number of the cache
};

/// Bytes on the fullest device.
struct MemoryUse {
  double weights = 0, gradients = 0, optimizer = 0, activations = 0, logits = 0;
  [[nodiscard]] double total() const { return weights + gradients + optimizer + activations + logits; }
};

/// Activations of one layer on one device, in bytes.
///
/// Source   Korthikanti et al. 2022 (arXiv:2205.05198), eq. 1-6: s b h (34 + 5 a s / h); tensor parallel s b h (10 + 24/t + 5 a s
///          / (h t)); with sequence parallelism all over t; selective without the term in a; full 2 s b h. With f instead of 4h:
///          18 + 4 f / h instead of 34 (SwiGLU, which keeps gate, up and product: 18 + 6 f / h); keys and values of n_kv_head
///          heads only.
/// Checked  memory_test.cc: GPT-3's five figures.
[[nodiscard]] double activation_bytes_per_layer(const Shape& shape, const MemoryOptions& options, const Layout& layout = {});

/// Source   ZeRO: Rajbhandari et al. 2020 (arXiv:1910.02054), table 1; logits and embedding as Megatron-LM's own report counts
///          them.
/// Throws   Error{usage} naming the part of the layout that is not positive, or that does not divide heads or layers.
/// Checked  memory_test.cc: ZeRO's 7.5e9 parameters over 64 devices; LLaMA-7B.
[[nodiscard]] MemoryUse memory_per_device(const Shape& shape, const MemoryOptions& options = {}, const Layout& layout = {});

/// Weights, gradients and optimizer alone, for N parameters over `data` replicas.
[[nodiscard]] MemoryUse state_bytes(double params, int zero, std::int64_t data, const MemoryOptions& options = {});

/// 2 L d_kv bytes: one token of one sequence at inference.
[[nodiscard]] double kv_cache_bytes_per_token(const Shape& shape, double bytes = 2);
/// Weights and two moments in f32.
[[nodiscard]] double checkpoint_bytes(double params);

/// FLOPs done over FLOPs counted. Full: one more forward, 4/3. Selective: (1 + s/3h + V/12hL) / (1 + s/6h + V/12hL).
///
/// Source   Korthikanti et al. 2022 (arXiv:2205.05198), appendix A.
[[nodiscard]] double recomputation_factor(const Shape& shape, Recomputation recomputation);

// ---- parallel layout

/// Share of a step in which a pipeline's devices wait: (p - 1) / (v m), over the working time.
///
/// Source   Narayanan et al. 2021 (arXiv:2104.04473), section 2.2.
[[nodiscard]] double pipeline_bubble(std::int64_t pipeline, std::int64_t micro_batches, std::int64_t virtual_stages = 1);

/// Bytes each device sends and receives per step for gradients and weights: 2 N, with ZeRO-3 3 N (of `bytes` each).
[[nodiscard]] double data_parallel_traffic(double params, int zero, double bytes = 2);

struct FitQuestion {
  Shape shape;
  Accelerator accelerator;
  std::int64_t devices = 1;
  double batch_tokens = 0;                   ///< of a step, all devices; 0: not known, one micro-batch per replica
  MemoryOptions memory;
  std::optional<double> critical_batch;      ///< tokens: caps data parallelism
  double memory_share = .9;                  ///< of the device that a plan may fill
};

/// The least sharding that fits, and what to change where none does.
struct FitAnswer {
  bool fits = false;
  Layout layout;
  Recomputation recomputation = Recomputation::selective;
  MemoryUse use;
  double capacity = 0;                       ///< bytes of the device
  double bubble = 0;
  double kv_bytes_per_token = 0;
  std::int64_t data_parallel_limit = 0;      ///< critical batch / (micro-batch tokens); 0: not known
  std::vector<std::string> advice;           ///< what to change, with numbers; empty where all is well
};

/// Tries, in this order, ZeRO-1, tensor parallelism within a node, ZeRO-3, pipelines, full recomputation; the first that fits.
///
/// Throws   Error{usage} for numbers that are not positive; Error{bad_study} for an impossible shape.
/// Checked  memory_test.cc.
[[nodiscard]] FitAnswer fit_to_devices(const FitQuestion& question);

// ---- architecture

enum class Style { gpt2, llama };
[[nodiscard]] std::string to_string(Style style);
[[nodiscard]] Style style_from(const std::string& text);  ///< throws Error{usage} with the known names

struct ShapeOptions {
  Style style = Style::llama;
  std::int64_t vocab_size = 0;    ///< 0: gpt2 50257, llama 32000; rounded up to a multiple of `vocab_multiple`
  std::int64_t vocab_multiple = 64;
  std::int64_t block_size = 0;    ///< 0: gpt2 1024, llama 4096
  std::int64_t head_size = 0;     ///< 0: 64 for gpt2, 128 for llama (64 below 1e9 parameters)
  std::int64_t multiple = 0;      ///< of n_embd and n_inner; 0: the head's size, at least 64, and 128 for n_inner
  std::int64_t kv_heads = 0;      ///< 0: gpt2 as n_head; llama 8 from 32 heads up, else as n_head
  std::string n_convention = "params";  ///< of the target: params, params_non_embedding, params_matmul; flops_per_token: / 6
  double aspect_low = 64, aspect_high = 128;  ///< n_embd / n_layer
  std::int64_t candidates = 5;
  /// The law's loss at (N in `n_convention`) for the same budget; the rise over the target's is what rounding costs. May be
  /// empty.
  std::function<double(double params)> loss_at = {};
};

struct ShapeChoice {
  Shape shape;
  ParamCounts counts;
  FlopsPerToken flops;
  double target = 0;                   ///< params asked for
  double off = 0;                      ///< relative difference of the chosen count from it
  double aspect = 0;                   ///< n_embd / n_layer
  std::optional<double> loss_rise;     ///< nats
};

/// Architectures nearest to a parameter count, rounded to what matrix units like: the best first.
///
/// Source   aspect ratio 64-128 and head sizes of 64 or 128: the published models (GPT-3, Chinchilla, LLaMA); SwiGLU's n_inner
///          8/3 n_embd (Shazeer 2020, arXiv:2002.05202); multiples of 64: NVIDIA's guide to matrix products.
/// Result   none where no shape is within a tenth of the count: the vocabulary alone may take more (`least_shape_params`).
/// Throws   Error{usage} if an option is not positive.
/// Checked  shape_test.cc.
[[nodiscard]] std::vector<ShapeChoice> feasible_shapes(double params, const ShapeOptions& options = {});
/// Parameters of the least model that feasible_shapes() looks at for such a count.
[[nodiscard]] double least_shape_params(double params, const ShapeOptions& options = {});

// ---- learning rate, batch, steps

struct HyperparameterQuestion {
  double params = 0, tokens = 0;
  std::optional<double> params_non_embedding = {};  ///< StepLaw's and Kaplan's N; none: `params` is taken, with a warning
  std::optional<double> flops = {};                 ///< DeepSeek's C = M D; none: 6 N D, with a note
  std::optional<double> loss = {};                  ///< the loss aimed at: for critical batches that depend on it
};

/// One law's answer.
struct Hyperparameter {
  std::string law;         ///< "steplaw2025_learning_rate"
  std::string quantity;    ///< learning_rate | batch_tokens | critical_batch_tokens
  std::optional<double> value;  ///< none where the law has none here (Kaplan's rate below 0)
  std::string formula, conditions, range, source;
  std::optional<bool> in_range;  ///< of N, D or C it was fitted to; none: not known
  std::string note;
  std::optional<Interval> interval = {};  ///< published_interval(): what the choice of rows and recipe adds is not in it
};

/// Every law side by side: they are conditioned differently and do not agree.
///
/// Source   StepLaw (arXiv:2503.04715), DeepSeek LLM (arXiv:2401.02954), Kaplan et al. 2020 app. D.6, Zhang et al. 2024
///          (arXiv:2410.21676), Kaplan's and MiniCPM's critical batch. The constants with a formula of the laws are
///          published_laws()'.
/// Throws   Error{usage} naming the number that is not positive.
/// Checked  batch_test.cc.
[[nodiscard]] std::vector<Hyperparameter> hyperparameters(const HyperparameterQuestion& question);

/// Factor on the best rate when the horizon is `times` as long, at the same batch: times^-.32; over sizes times^-.23.
///
/// Source   Bjorck et al. 2024 (arXiv:2409.19913).
[[nodiscard]] double learning_rate_over_horizon(double times);
[[nodiscard]] double learning_rate_over_size(double times);
/// muP with Adam: hidden rates, initial variances and the output over width `m` times the base's.
///
/// Source   Yang et al. 2022 (arXiv:2203.03466), table 8.
struct MuTransfer {
  double hidden_rate = 1, embedding_rate = 1, hidden_variance = 1, output_multiplier = 1, attention_scale_exponent = -1;
};
[[nodiscard]] MuTransfer mu_transfer(double width_factor);

/// Steps and tokens to reach a loss at batch B, from the least of each: S = S_min (1 + B_c/B), E = E_min (1 + B/B_c).
///
/// Source   McCandlish et al. 2018 (arXiv:1812.06162), eq. 2.11.
struct BatchTradeoff {
  double steps = 0, tokens = 0;
};
[[nodiscard]] BatchTradeoff batch_tradeoff(double least_steps, double critical_batch, double batch);

/// The gradient's noise scale from its squared norm at two batches.
///
/// Source   McCandlish et al. 2018 (arXiv:1812.06162), appendix A.1.
struct NoiseScale {
  double squared_gradient = 0, trace = 0, noise_scale = 0;
};
[[nodiscard]] NoiseScale noise_scale(double small_batch, double small_norm2, double big_batch, double big_norm2);

/// Batch, steps and warm-up of a run.
struct BatchSchedule {
  double batch_tokens = 0;        ///< a whole number of sequences, a power of two of them
  double steps = 0, warmup_steps = 0;
};
/// warm-up: 1 % of the steps, at least 100 and at most 2000 of them, never above a tenth of the run.
[[nodiscard]] BatchSchedule schedule_of(double tokens, double batch_tokens, std::int64_t block_size);

// ---- days against money

struct FrontierOptions {
  CostOptions cost;                       ///< `devices` is not read
  std::vector<std::int64_t> devices;      ///< empty: powers of two from 8 to what the critical batch lets work, twice
  double batch_tokens = 0;                ///< best batch for the loss
  double critical_batch = 0;              ///< tokens
  double tokens_per_device = 4096;        ///< least of a step for a device to be well used
  std::int64_t devices_per_replica = 1;   ///< tensor * pipeline
};

struct FrontierPoint {
  std::int64_t devices = 0;
  double batch_tokens = 0;
  double token_overhead = 1;              ///< (1 + B/B_c) over that of `batch_tokens`
  double tokens = 0, steps = 0;
  TrainingCost cost;
  bool dominated = false;                 ///< another is no slower and no dearer
};

/// More devices are faster until the batch they need passes the critical one, then they buy little for much.
///
/// Throws   Error{usage} naming the number that is not positive.
/// Checked  batch_test.cc.
[[nodiscard]] std::vector<FrontierPoint> days_money_frontier(double flops, double tokens, const FrontierOptions& options);

// ---- JSON (docs/formats/machine.md), each an object or array as text

[[nodiscard]] std::string cost_to_json(const TrainingCost& cost);
[[nodiscard]] std::string fit_to_devices_to_json(const FitAnswer& answer);
[[nodiscard]] std::string shape_to_json(const ShapeChoice& choice);
[[nodiscard]] std::string hyperparameters_to_json(const std::vector<Hyperparameter>& all);
[[nodiscard]] std::string frontier_to_json(const std::vector<FrontierPoint>& points);

}  // namespace isoflop
