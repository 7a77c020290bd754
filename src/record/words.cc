#include "record/words.h"

#include "isoflop/text.h"

namespace isoflop {

#define ISOFLOP_WORDS(Enum, ...)                                                   \
  template <>                                                                      \
  const std::vector<std::pair<Enum, std::string>>& words<Enum>() {                 \
    static const std::vector<std::pair<Enum, std::string>> kWords = {__VA_ARGS__}; \
    return kWords;                                                                 \
  }

ISOFLOP_WORDS(Dtype, {Dtype::float32, "float32"}, {Dtype::bfloat16, "bfloat16"})
ISOFLOP_WORDS(OptimizerKind, {OptimizerKind::adamw, "adamw"}, {OptimizerKind::adafactor, "adafactor"})
ISOFLOP_WORDS(DecayOn, {DecayOn::all, "all"}, {DecayOn::matrices, "matrices"})
ISOFLOP_WORDS(ScheduleKind, {ScheduleKind::constant, "constant"}, {ScheduleKind::linear, "linear"},
              {ScheduleKind::cosine, "cosine"}, {ScheduleKind::wsd, "wsd"})
ISOFLOP_WORDS(BatchOrder, {BatchOrder::epochs, "epochs"}, {BatchOrder::random_windows, "random_windows"},
              {BatchOrder::easy_first, "easy_first"}, {BatchOrder::hard_first, "hard_first"})
ISOFLOP_WORDS(RunStatus, {RunStatus::running, "running"}, {RunStatus::done, "done"}, {RunStatus::diverged, "diverged"},
              {RunStatus::stopped, "stopped"})
ISOFLOP_WORDS(Regime, {Regime::fresh, "fresh"}, {Regime::repeated, "repeated"}, {Regime::memorising, "memorising"})
ISOFLOP_WORDS(Activation, {Activation::gelu, to_string(Activation::gelu)},
              {Activation::gelu_tanh, to_string(Activation::gelu_tanh)})
ISOFLOP_WORDS(Norm, {Norm::layernorm, "layernorm"})
ISOFLOP_WORDS(Positions, {Positions::learned, "learned"})
ISOFLOP_WORDS(Mlp, {Mlp::gelu, "gelu"})
#undef ISOFLOP_WORDS

std::string to_string(Dtype value) {
  return word_of(value);
}
std::string to_string(OptimizerKind value) {
  return word_of(value);
}
std::string to_string(DecayOn value) {
  return word_of(value);
}
std::string to_string(ScheduleKind value) {
  return word_of(value);
}
std::string to_string(BatchOrder value) {
  return word_of(value);
}
std::string to_string(RunStatus value) {
  return word_of(value);
}
std::string to_string(Regime value) {
  return word_of(value);
}

template <class Enum>
Enum parse_enum(const std::string& text, const std::string& key) {
  if (const auto value = find_word<Enum>(text)) return *value;
  std::vector<std::string> candidates;
  for (const auto& [value, word] : words<Enum>()) candidates.push_back(word);
  const auto near = nearest(text, candidates);
  throw Error(Fault::bad_study, key, "`" + text + "` is not known; known: " + known_words<Enum>(),
              near ? "did you mean `" + *near + "`?" : "");
}
template Dtype parse_enum<Dtype>(const std::string&, const std::string&);
template OptimizerKind parse_enum<OptimizerKind>(const std::string&, const std::string&);
template DecayOn parse_enum<DecayOn>(const std::string&, const std::string&);
template ScheduleKind parse_enum<ScheduleKind>(const std::string&, const std::string&);
template BatchOrder parse_enum<BatchOrder>(const std::string&, const std::string&);
template RunStatus parse_enum<RunStatus>(const std::string&, const std::string&);
template Regime parse_enum<Regime>(const std::string&, const std::string&);
template Activation parse_enum<Activation>(const std::string&, const std::string&);

}  // namespace isoflop
