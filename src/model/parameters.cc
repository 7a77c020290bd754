#include "model/parameters.h"

#include "base/check.h"
#include "isoflop/text.h"

namespace isoflop::model {

namespace {
constexpr std::int64_t kSlotAlignment = 16;  // a tensor starts on a cache line
std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}
}  // namespace

ParameterLayout::ParameterLayout(const Shape& shape) : vocab_rows(round_up(shape.vocab_size, kVocabStep)) {
  for (ParameterSpec& spec : parameter_registry(shape)) {
    const std::int64_t rows = spec.name == "transformer.wte.weight" ? vocab_rows : spec.rows;
    by_name_.emplace(spec.name, slots.size());
    slots.push_back({std::move(spec), size, rows});
    size += round_up(slots.back().size(), kSlotAlignment);
  }
}

const Slot* ParameterLayout::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &slots[found->second];
}

template <class Real, class Act>
ModelView<Real, Act>::ModelView(const Shape& shape_, const kernels::Table<Real, Act>& table_, const ParameterLayout& layout,
                                const Real* weights, bool training, Carver& carver)
    : shape(shape_), table(&table_), gelu(shape_.activation == Activation::gelu ? kernels::Gelu::exact : kernels::Gelu::tanh) {
  const auto at = [&](const Slot& slot) { return weights == nullptr ? nullptr : weights + slot.offset; };
  const auto norm = [&](const std::string& name) {
    NormView<Real> view;
    const Slot* gain = layout.find(name + ".weight");
    ISOFLOP_CHECK(gain != nullptr);
    view.gain = at(*gain);
    view.gain_offset = gain->offset;
    if (const Slot* bias = layout.find(name + ".bias")) {
      view.bias = at(*bias);
      view.bias_offset = bias->offset;
    }
    return view;
  };
  const auto linear = [&](const std::string& name) {
    LinearView<Real, Act> view;
    const Slot* weight = layout.find(name + ".weight");
    ISOFLOP_CHECK(weight != nullptr);
    view.outputs = weight->rows;
    view.inputs = weight->spec.cols;
    view.weight = at(*weight);
    view.weight_offset = weight->offset;
    const std::int64_t panels = table->packed_size(view.outputs, view.inputs);
    view.forward = carver.take<Act>(panels);
    if (training) view.backward = carver.take<Act>(panels);
    if (const Slot* bias = layout.find(name + ".bias")) {
      view.bias = at(*bias);
      view.bias_offset = bias->offset;
    }
    return view;
  };

  head = linear("transformer.wte");
  const Slot* wpe = layout.find("transformer.wpe.weight");
  ISOFLOP_CHECK(wpe != nullptr);
  positions = at(*wpe);
  positions_offset = wpe->offset;
  for (std::int64_t layer = 0; layer < shape.n_layer; ++layer) {
    const std::string h = "transformer.h." + format_number(layer);
    blocks.push_back({norm(h + ".ln_1"), norm(h + ".ln_2"), linear(h + ".attn.c_attn"), linear(h + ".attn.c_proj"),
                      linear(h + ".mlp.c_fc"), linear(h + ".mlp.c_proj")});
  }
  ln_f = norm("transformer.ln_f");
}

template <class Real, class Act>
std::vector<const LinearView<Real, Act>*> ModelView<Real, Act>::linears() const {
  std::vector<const LinearView<Real, Act>*> all = {&head};
  for (const BlockView<Real, Act>& block : blocks) {
    for (const LinearView<Real, Act>* linear : {&block.qkv, &block.proj, &block.fc, &block.out}) all.push_back(linear);
  }
  return all;
}

template struct ModelView<float>;
template struct ModelView<double>;
template struct ModelView<float, kernels::Bf16>;

}  // namespace isoflop::model
