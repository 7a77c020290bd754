// FLOPs to days, money, energy and carbon, and back.
#include "isoflop/cost.h"

#include <cmath>

#include "base/math.h"
#include "isoflop/text.h"
#include "plan/positive.h"

namespace isoflop {
namespace {

using plan::need_positive;

void check(const CostOptions& o) {
  need_positive("peak of " + o.accelerator.name, o.accelerator.peak_flops);
  need_positive("devices", static_cast<double>(o.devices));
  for (const double mfu : {o.mfu.low, o.mfu.value, o.mfu.high}) {
    need_positive("MFU", mfu);
    if (mfu > 1) throw Error(Fault::usage, "MFU", "is " + format_number(mfu) + ", expected a share in (0, 1]", "40 % is 0.4");
  }
  if (!(o.mfu.low <= o.mfu.value && o.mfu.value <= o.mfu.high)) throw Error(Fault::usage, "MFU", "its band does not ascend");
  if (o.usd_per_hour)
    for (const double price : {o.usd_per_hour->low, o.usd_per_hour->value, o.usd_per_hour->high})
      need_positive("price per hour", price);
  need_positive("PUE", o.pue);
  need_positive("kg of CO2 per kWh", o.kg_co2_per_kwh);
  need_positive("FLOPs done over counted", o.hardware_over_model);
}

std::optional<Range> price_of(const CostOptions& o) {
  if (o.usd_per_hour) return o.usd_per_hour;
  if (const auto& p = o.accelerator.usd_per_hour) return Range{p->low, p->typical, p->high};
  return std::nullopt;
}

Range times(const Range& range, double factor) {
  return {range.low * factor, range.value * factor, range.high * factor};
}

}  // namespace

std::string format_amount(double value, int digits) {
  const std::string rounded = format_significant(value, digits);
  if (!(std::fabs(value) >= 1000 && std::fabs(value) < 1e15)) return rounded;
  return format_count(parse_double(rounded).value_or(value));
}

TrainingCost training_cost(double flops, const CostOptions& o) {
  need_positive("FLOPs", flops);
  check(o);
  TrainingCost cost;
  cost.flops = flops;
  cost.mfu = o.mfu;
  cost.accelerator = o.accelerator.name;
  cost.devices = o.devices;
  // what recomputation does beyond the counted FLOPs takes time too: utilisation of the model is that of the hardware over the
  // factor
  const double at_peak = flops * o.hardware_over_model / o.accelerator.peak_flops / 3600;
  cost.device_hours = {at_peak / o.mfu.high, at_peak / o.mfu.value, at_peak / o.mfu.low};
  cost.days = times(cost.device_hours, 1 / (24 * static_cast<double>(o.devices)));
  if (const auto price = price_of(o)) {
    cost.usd =
        Range{cost.device_hours.low * price->low, cost.device_hours.value * price->value, cost.device_hours.high * price->high};
  } else {
    cost.warnings.push_back({"no_price", "no price of " + o.accelerator.title + " is known: give one per hour"});
  }
  if (o.accelerator.watts) {
    const double factor = o.server_power ? o.accelerator.server_factor : 1;
    const double kw = *o.accelerator.watts * factor * o.pue / 1000;
    cost.kwh = times(cost.device_hours, kw);
    cost.co2_kg = times(*cost.kwh, o.kg_co2_per_kwh);
    cost.energy_basis = "device-hours x " + format_number(*o.accelerator.watts) + " W of the board (stated, not measured)" +
                        (factor > 1 ? " x " + format_number(factor) + " of the server" : "") + " x PUE " + format_number(o.pue);
    cost.carbon_basis = format_number(o.kg_co2_per_kwh) + " kg/kWh of the grid (location-based); without making the hardware";
  } else {
    cost.warnings.push_back({"no_power", "the power of " + o.accelerator.title + " is not published: no energy, no carbon"});
  }
  return cost;
}

Range flops_in_days(double days, const CostOptions& o) {
  need_positive("days", days);
  check(o);
  const double at_peak = days * 86400 * static_cast<double>(o.devices) * o.accelerator.peak_flops / o.hardware_over_model;
  return times(o.mfu, at_peak);
}

Range flops_for_usd(double usd, const CostOptions& o) {
  need_positive("US dollars", usd);
  check(o);
  const auto price = price_of(o);
  if (!price)
    throw Error(Fault::usage, "price of " + o.accelerator.name, "is not known, so money buys no stated number of FLOPs",
                "give a price per device-hour");
  return times(o.mfu, usd / price->value * 3600 * o.accelerator.peak_flops / o.hardware_over_model);
}

double model_flops_utilisation(double flops, double device_hours, double peak_flops) {
  need_positive("FLOPs", flops);
  need_positive("device-hours", device_hours);
  need_positive("peak", peak_flops);
  return flops / (device_hours * 3600 * peak_flops);
}

double seconds_with_recomputation(double params, double tokens, double devices, double flops_per_device) {
  need_positive("params", params);
  need_positive("tokens", tokens);
  need_positive("devices", devices);
  need_positive("FLOP/s per device", flops_per_device);
  return 8 * tokens * params / (devices * flops_per_device);
}

Ownership ownership_per_hour(const OwnershipOptions& o) {
  need_positive("price to buy", o.usd_to_buy);
  need_positive("watts", o.watts);
  constexpr double kHoursPerYear = 8766;
  Ownership cost;
  cost.hardware = o.usd_to_buy * o.oom_per_year * log_(10) / kHoursPerYear;
  cost.interconnect = cost.hardware * o.interconnect_share / (1 - o.interconnect_share);
  cost.energy = o.watts / 1000 * o.server_factor * o.utilisation * o.pue * o.usd_per_kwh;
  return cost;
}

std::vector<FlopsConvention> flops_conventions(const Shape& s) {
  const FlopsPerToken f = flops_per_token(s);
  const ParamCounts n = param_counts(s);
  const double layers = static_cast<double>(s.n_layer), d = static_cast<double>(s.n_embd), t = static_cast<double>(s.block_size);
  const double matmul = static_cast<double>(n.params_matmul), layers_only = matmul - static_cast<double>(s.vocab_size) * d;
  const double all = static_cast<double>(n.params), attention = layers * d * t;
  return {
      {"6n", "6 N, N all parameters", 6 * all},
      {"kaplan", "6 N + 6 L T d, N = 12 L d^2", 6 * layers_only + 6 * attention},
      {"palm", "6 (N - positions) + 12 L d T (PaLM, nanoGPT): full attention", f.full_attention},
      {"llm.c", "6 N + 6 L d T", 6 * all + 6 * attention},
      {"matmul_full", "6 (12 L d^2 + V d) + 12 L d T (Megatron): products done with full attention", 6 * matmul + 12 * attention},
      {"matmul_causal", "6 (12 L d^2 + V d) + 6 L d (T + 1): products done with causal attention", f.exact},
      {"deepseek", "72 L d^2 + 12 L d T: without the vocabulary", 6 * layers_only + 12 * attention}};
}

double hoffmann_flops_per_sequence(const Shape& s, bool with_embedding) {
  validate_counts(s);
  const double t = static_cast<double>(s.block_size), d = static_cast<double>(s.n_embd), v = static_cast<double>(s.vocab_size);
  const double heads = static_cast<double>(s.n_head), kh = static_cast<double>(head_size(s)) * heads;
  const double f = static_cast<double>(inner_size(s));
  const double attention = 2 * 3 * t * d * kh + 2 * t * t * kh + 3 * heads * t * t + 2 * t * t * kh + 2 * t * kh * d;
  const double dense = 2 * t * (d * f + d * f);
  double forward = static_cast<double>(s.n_layer) * (attention + dense);
  if (with_embedding) forward += 2 * t * v * d + 2 * t * d * v;
  return 3 * forward;
}

}  // namespace isoflop
