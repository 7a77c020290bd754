// The table of relations.
#include "plan/claims_relations.h"

#include <algorithm>

#include "base/math.h"
#include "plan/claims_vocabulary.h"

namespace isoflop::plan {
namespace {

constexpr double kNatsPerBit = .6931471805599453;

}  // namespace

const std::vector<Relation>& relations_known() {
  using enum Kind;
  static const std::vector<Relation> kRelations{
      {"throughput", 1, 3, {{seconds, 1}, {tokens, -1}, {throughput, 1}}},
      {"throughput", 1, 2, {{seconds, 1}, {tokens, -1}, {device_throughput, 1}, {devices, 1}}},
      {"throughput", 1, 2, {{device_seconds, 1}, {tokens, -1}, {device_throughput, 1}}},
      {"throughput", 1, 2, {{throughput, 1}, {device_throughput, -1}, {devices, -1}}},
      {"throughput", 1, 1, {{throughput, 1}, {batch_tokens, -1}, {step_seconds, 1}}},
      {"throughput", 1, 1, {{throughput, 1}, {throughput, -1}}},  // a second and a day
      {"text", 1, 2, {{tokens, 1}, {bytes, -1}, {bytes_per_token, 1}}},
      {"transfer", 1, 1, {{seconds, 1}, {bytes, -1}, {bytes_per_second, 1}}},
      {"steps", 1, 2, {{steps, 1}, {tokens, -1}, {batch_tokens, 1}}},
      {"step_time", 1, 2, {{seconds, 1}, {steps, -1}, {step_seconds, -1}}},
      {"mfu", 6, 2, {{utilisation, 1}, {device_throughput, -1}, {rate, 1}, {params, -1}}},
      {"mfu", 6, 2, {{utilisation, 1}, {throughput, -1}, {rate, 1}, {devices, 1}, {params, -1}}},
      {"mfu", 1, 1, {{utilisation, 1}, {devices, 1}, {seconds, 1}, {rate, 1}, {flops, -1}}},
      {"mfu", 6, 1, {{utilisation, 1}, {devices, 1}, {seconds, 1}, {rate, 1}, {params, -1}, {tokens, -1}}},
      {"mfu", 1, 1, {{utilisation, 1}, {device_seconds, 1}, {rate, 1}, {flops, -1}}},
      {"mfu", 6, 1, {{utilisation, 1}, {device_seconds, 1}, {rate, 1}, {params, -1}, {tokens, -1}}},
      {"device_time", 1, 1, {{device_seconds, 1}, {seconds, -1}, {devices, -1}}},
      {"device_time", 1, 1, {{seconds, 1}, {device_seconds, -1}, {devices, 1}}},
      {"cost", 1 / kHour, 2, {{usd, 1}, {device_seconds, -1}, {usd_per_hour, -1}}},
      {"cost", 1 / kHour, 2, {{yen, 1}, {device_seconds, -1}, {yen_per_hour, -1}}},
      {"cost", 1 / kHour, 1, {{usd, 1}, {devices, -1}, {seconds, -1}, {usd_per_hour, -1}}},
      {"cost", 1 / kHour, 1, {{yen, 1}, {devices, -1}, {seconds, -1}, {yen_per_hour, -1}}},
      {"energy", 1 / kHour, 1, {{watt_hours, 1}, {devices, -1}, {watts, -1}, {seconds, -1}, {overhead, -1}}},
      {"energy", 1 / kHour, 1, {{watt_hours, 1}, {devices, -1}, {watts, -1}, {seconds, -1}}},
      {"energy", 1 / kHour, 1, {{watt_hours, 1}, {device_seconds, -1}, {watts, -1}, {overhead, -1}}},
      {"energy", 1 / kHour, 1, {{watt_hours, 1}, {device_seconds, -1}, {watts, -1}}},
      {"energy", 1, 1, {{watt_hours, 1}, {watt_hours, -1}, {overhead, -1}}},
      {"carbon", 1e-3, 1, {{carbon, 1}, {watt_hours, -1}, {carbon_per_kwh, -1}, {overhead, -1}}},
      {"carbon", 1e-3, 1, {{carbon, 1}, {watt_hours, -1}, {carbon_per_kwh, -1}}},
      {"energy_cost", 1e-3, 1, {{usd, 1}, {watt_hours, -1}, {usd_per_kwh, -1}}},
      {"energy_cost", 1e-3, 1, {{yen, 1}, {watt_hours, -1}, {yen_per_kwh, -1}}},
      {"perplexity", 1, 2, {{perplexity, 1}, {loss, -1}}},
      {"bits", 1 / kNatsPerBit, 2, {{bits_per_token, 1}, {loss, -1}}},
      {"bits", 1, 1, {{bits_per_byte, 1}, {bits_per_token, -1}, {bytes_per_token, 1}}},
      {"bits", 1 / kNatsPerBit, 2, {{bits_per_byte, 1}, {loss, -1}, {bytes_per_token, 1}}}};
  return kRelations;
}

const std::vector<Relation>& relations_of_training() {
  using enum Kind;
  static const std::vector<Relation> kRelations{
      {"flops", 6, 3, {{flops, 1}, {params, -1}, {tokens, -1}}},
      {"forward", 2, 3, {{flops, 1}, {params, -1}, {tokens, -1}}},
      {"recomputation", 8, 3, {{flops, 1}, {params, -1}, {tokens, -1}}},
      {"tokens_per_parameter", 1, 3, {{ratio, 1}, {tokens, -1}, {params, 1}}},
      {"weights", 1, 1, {{bytes, 1}, {params, -1}, {bytes_per_param, -1}}},
      {"energy", 1 / kHour, 1, {{watt_hours, 1}, {watts, -1}, {seconds, -1}}},
      {"duration", 1, 1, {{seconds, 1}, {rate, 1}, {flops, -1}}},
      {"duration", 1, 1, {{seconds, 1}, {rate, 1}, {utilisation, 1}, {flops, -1}}},
      {"weights", 1, 1, {{bytes, 1}, {params, -1}, {bytes_per_param, -1}, {devices, 1}}}};
  return kRelations;
}

Kind kind_in_relations(const Quantity& q) {
  return q.kind == Kind::percent && q.utilisation ? Kind::utilisation : q.kind;
}

bool is_perplexity(const Relation& r) {
  return r.terms[0].kind == Kind::perplexity;
}

double value_in_relation(const Relation& r, const Quantity& q) {
  if (is_perplexity(r) && q.kind == Kind::loss) return exp_(std::min(q.value, 700.0));
  return q.kind == Kind::percent ? q.value / 100 : q.value;
}

double what_follows(const Relation& r, std::size_t claimed, const Quantity& claim, const std::vector<const Quantity*>& inputs) {
  double product = r.constant;
  for (std::size_t t = 0, i = 0; t < r.terms.size(); ++t) {
    if (t == claimed) continue;
    const double value = value_in_relation(r, *inputs[i++]);
    product = r.terms[t].power > 0 ? product / value : product * value;
  }
  const double value = r.terms[claimed].power > 0 ? product : 1 / product;
  if (is_perplexity(r) && claim.kind == Kind::loss) return log_(value);
  return claim.kind == Kind::percent ? 100 * value : value;
}

}  // namespace isoflop::plan
