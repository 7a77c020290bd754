// A parameter count to architectures that matrix units like.
#include <algorithm>
#include <cmath>

#include "base/math.h"
#include "isoflop/cost.h"
#include "isoflop/plan.h"
#include "isoflop/text.h"
#include "plan/positive.h"

namespace isoflop {
namespace {

using plan::need_positive;

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// The options with the style's values in the place of zeros.
ShapeOptions resolved(double params, ShapeOptions o) {
  need_positive("params", params);
  const bool llama = o.style == Style::llama;
  const auto set = [](const char* name, std::int64_t& value, std::int64_t otherwise) {
    if (value == 0) value = otherwise;
    need_positive(name, static_cast<double>(value));
  };
  set("vocab_size", o.vocab_size, llama ? 32000 : 50257);
  set("vocab_multiple", o.vocab_multiple, 64);
  set("block_size", o.block_size, llama ? 4096 : 1024);
  set("head_size", o.head_size, llama && params >= 1e9 ? 128 : 64);
  set("multiple", o.multiple, std::max<std::int64_t>(64, o.head_size));
  set("candidates", o.candidates, 5);
  o.multiple = round_up(o.multiple, o.head_size);
  o.vocab_size = round_up(o.vocab_size, o.vocab_multiple);
  need_positive("aspect", o.aspect_low);
  if (!(o.aspect_low <= o.aspect_high)) throw Error(Fault::usage, "aspect", "its band does not ascend");
  return o;
}

Shape shape_of(std::int64_t n_layer, std::int64_t n_embd, const ShapeOptions& o) {
  Shape s;
  s.n_layer = n_layer;
  s.n_embd = n_embd;
  s.n_head = n_embd / o.head_size;
  s.block_size = o.block_size;
  s.vocab_size = o.vocab_size;
  if (o.style == Style::gpt2) return s;
  s.bias = s.tied_head = false;
  s.norm = Norm::rmsnorm;
  s.positions = Positions::rotary;
  s.mlp = Mlp::swiglu;
  s.n_inner = round_up((8 * n_embd + 2) / 3, n_embd >= 1024 ? 256 : 64);
  const std::int64_t wanted = o.kv_heads > 0 ? o.kv_heads : s.n_head >= 32 ? 8 : s.n_head;
  s.n_kv_head = s.n_head % wanted == 0 ? wanted : s.n_head;
  return s;
}

double counted(const Shape& shape, const std::string& convention) {
  const ParamCounts counts = param_counts(shape);
  if (convention == "params") return static_cast<double>(counts.params);
  if (convention == "params_non_embedding") return static_cast<double>(counts.params_non_embedding);
  if (convention == "params_matmul") return static_cast<double>(counts.params_matmul);
  if (convention == kFlopsPerToken) {
    const double head = static_cast<double>(shape.vocab_size) * static_cast<double>(shape.n_embd);
    return flops_per_token(shape).full_attention / kFlopsPerParamToken - head;
  }
  throw Error(Fault::usage, "n_convention", "unknown value `" + convention + "`",
              std::string("known: params, params_non_embedding, params_matmul, ") + kFlopsPerToken);
}

/// How far from the target, and how awkward, in units of ln N: a depth that pipelines divide and a width in 128s are worth 0.2 %
/// each, a factor of e in the aspect 1 %.
double awkwardness(const ShapeChoice& c, const ShapeOptions& o) {
  const double middle = std::sqrt(o.aspect_low * o.aspect_high);
  return std::abs(log_(1 + c.off)) + (c.shape.n_layer % 2 == 0 ? 0 : .002) + (c.shape.n_embd % 128 == 0 ? 0 : .002) +
         (c.shape.n_head % 8 == 0 ? 0 : .002) + .01 * std::abs(log_(c.aspect / middle));
}

/// Every width, each with the depths about the target, within the band of aspects.
std::vector<ShapeChoice> search(double params, const ShapeOptions& o, double low, double high) {
  std::vector<ShapeChoice> found;
  constexpr std::int64_t kWidest = std::int64_t{1} << 17;
  for (std::int64_t d = o.multiple; d <= kWidest; d += o.multiple) {
    const double one = counted(shape_of(1, d, o), o.n_convention);
    const double per_layer = counted(shape_of(2, d, o), o.n_convention) - one;
    const double width = static_cast<double>(d);
    if (one + (width / high - 1) * per_layer > 2 * params && one > params) break;
    const double exact = 1 + (params - one) / per_layer;
    for (const double layers : {std::floor(exact), std::ceil(exact)}) {
      if (layers < 1 || layers > 65536 || width / layers < low || width / layers > high) continue;
      ShapeChoice c;
      c.shape = shape_of(static_cast<std::int64_t>(layers), d, o);
      c.counts = param_counts(c.shape);
      c.flops = flops_per_token(c.shape);
      c.target = params;
      c.off = counted(c.shape, o.n_convention) / params - 1;
      c.aspect = width / layers;
      found.push_back(c);
    }
  }
  return found;
}

}  // namespace

std::string to_string(Style style) {
  return style == Style::gpt2 ? "gpt2" : "llama";
}

Style style_from(const std::string& text) {
  if (text == "gpt2") return Style::gpt2;
  if (text == "llama") return Style::llama;
  const auto near = nearest(text, {"gpt2", "llama"});
  throw Error(Fault::usage, "architecture `" + text + "`", "is not known, expected gpt2 or llama",
              near ? "did you mean `" + *near + "`?" : "");
}

double least_shape_params(double params, const ShapeOptions& options) {
  const ShapeOptions o = resolved(params, options);
  return counted(shape_of(1, o.multiple, o), o.n_convention);
}

std::vector<ShapeChoice> feasible_shapes(double params, const ShapeOptions& options) {
  const ShapeOptions o = resolved(params, options);
  std::vector<ShapeChoice> found;
  // small models leave the band of large ones: it is widened until a shape is within a tenth of the target
  for (double wider = 1; wider <= 64; wider *= 2) {
    found = search(params, o, o.aspect_low / wider, o.aspect_high * wider);
    std::erase_if(found, [](const ShapeChoice& c) { return !(std::abs(c.off) <= .1); });
    if (!found.empty()) break;
  }
  std::stable_sort(found.begin(), found.end(),
                   [&](const auto& a, const auto& b) { return awkwardness(a, o) < awkwardness(b, o); });
  if (static_cast<std::int64_t>(found.size()) > o.candidates) found.resize(static_cast<std::size_t>(o.candidates));
  if (o.loss_at)
    for (ShapeChoice& c : found) c.loss_rise = o.loss_at(counted(c.shape, o.n_convention)) - o.loss_at(params);
  return found;
}

}  // namespace isoflop
