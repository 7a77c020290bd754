// The bounds on measures that are usual, per language.
#include <algorithm>

#include "corpus/language.h"
#include "corpus/quality.h"

namespace isoflop {
namespace corpus {
namespace {

struct Usual {
  const char* measure;
  bool at_least;
  double value;
  const char* source;
};

constexpr const char* kGopher = "Rae et al. 2021, appendix A1.1 and table A1";

// Gopher's upper bound of 100,000 words is left out: books are longer
constexpr Usual kSpaced[] = {
    {"words", true, 50, kGopher},          {"mean_word_length", true, 3, kGopher},   {"mean_word_length", false, 10, kGopher},
    {"symbol_share", false, 0.1, kGopher}, {"alphabetic_words", true, 0.8, kGopher}, {"stop_words", true, 2, kGopher},
    {"bullet_lines", false, 0.9, kGopher}, {"ellipsis_lines", false, 0.3, kGopher}};
// a word counts as two characters; ellipses are a usual mark of Japanese prose, so no bound on them
constexpr Usual kUnspaced[] = {{"characters", true, 100, kGopher},
                               {"bullet_lines", false, 0.9, kGopher},
                               {"native_share", true, 0.5, "Okazaki et al. 2024, table 1"}};
constexpr Usual kJapanese[] = {{"hiragana_share", true, 0.2, "Okazaki et al. 2024, table 1"}};
constexpr Usual kCode[] = {{"characters", true, 100, ""},
                           {"mean_line_length", false, 100, "Chen et al. 2021, section 3.1"},
                           {"longest_line", false, 1000, "Chen et al. 2021, section 3.1"},
                           {"letter_share", true, 0.25, "Chen et al. 2021, section 3.1"}};
constexpr Usual kEverywhere[] = {{"replacement_share", false, 0.001, ""}};
// empty lines of Japanese prose stand around numbers of chapters, which come again
constexpr Usual kParagraphs[] = {{"duplicate_paragraphs", false, 0.3, kGopher}};
constexpr Usual kProse[] = {{"lorem_ipsum", false, 0, "Raffel et al. 2020, section 2.2"},
                            {"duplicate_lines", false, 0.3, kGopher},
                            {"duplicate_line_characters", false, 0.2, kGopher},
                            {"duplicate_paragraph_characters", false, 0.2, kGopher},
                            {"top_2gram", false, 0.2, kGopher},
                            {"top_3gram", false, 0.18, kGopher},
                            {"top_4gram", false, 0.16, kGopher},
                            {"duplicate_5gram", false, 0.15, kGopher},
                            {"duplicate_6gram", false, 0.14, kGopher},
                            {"duplicate_7gram", false, 0.13, kGopher},
                            {"duplicate_8gram", false, 0.12, kGopher},
                            {"duplicate_9gram", false, 0.11, kGopher},
                            {"duplicate_10gram", false, 0.10, kGopher}};

template <std::size_t n>
void add(std::vector<QualityBound>& bounds, const Usual (&usual)[n]) {
  for (const Usual& each : usual) bounds.push_back({each.measure, each.at_least, each.value, each.source});
}

}  // namespace

std::size_t measure_index(const std::string& name) {
  std::vector<std::string> names;
  for (const QualityMeasure& measure : measure_table()) {
    if (name == measure.name) return names.size();
    names.emplace_back(measure.name);
  }
  const std::optional<std::string> near = nearest(name, names);
  throw Error(Fault::usage, name, "is no measure of quality",
              near ? "did you mean `" + *near + "`?" : "`isoflop data clean --help` names them");
}

Bounds bounds_of(const std::string& language, const std::vector<QualityBound>& over) {
  std::vector<QualityBound> all = default_bounds(language);
  for (const QualityBound& bound : over) {
    (void)measure_index(bound.measure);
    const auto same = std::find_if(all.begin(), all.end(), [&](const QualityBound& each) { return each.name() == bound.name(); });
    if (same == all.end()) {
      all.push_back(bound);
    } else {
      same->value = bound.value;
      same->source = bound.source;
    }
  }
  Bounds in_force;
  for (const QualityBound& bound : all) {
    if (bound.value) in_force.bounds.push_back({measure_index(bound.measure), bound.at_least, *bound.value, bound.name()});
  }
  std::stable_sort(in_force.bounds.begin(), in_force.bounds.end(), [](const Bounds::Bound& a, const Bounds::Bound& b) {
    return a.measure != b.measure ? a.measure < b.measure : a.at_least && !b.at_least;
  });
  return in_force;
}

}  // namespace corpus

std::vector<QualityBound> default_bounds(const std::string& language) {
  std::vector<QualityBound> bounds;
  corpus::add(bounds, corpus::kEverywhere);
  if (language == "code") {
    corpus::add(bounds, corpus::kCode);
    return bounds;
  }
  if (corpus::is_unspaced(language)) {
    corpus::add(bounds, corpus::kUnspaced);
    if (language == "ja") corpus::add(bounds, corpus::kJapanese);
  } else {
    corpus::add(bounds, corpus::kSpaced);
    corpus::add(bounds, corpus::kParagraphs);
  }
  corpus::add(bounds, corpus::kProse);
  return bounds;
}

}  // namespace isoflop
