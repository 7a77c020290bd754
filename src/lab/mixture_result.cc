#include "lab/mixture_result.h"

#include <cmath>
#include <limits>

#include "base/file.h"
#include "base/json.h"
#include "base/sealed_json.h"
#include "isoflop/text.h"

namespace isoflop {
namespace lab {
namespace {

PageTable measured_table(const MixtureResult& result) {
  PageTable table{"As measured: the weights trained with every seed",
                  {"weights", "target's loss", "seeds", "the recommended are", "shares"},
                  {},
                  ""};
  for (const MeasuredMixture& m : result.measured) {
    std::string shares;
    for (const auto& [source, weight] : m.weights)
      if (weight > 0) shares += (shares.empty() ? "" : ", ") + source + " " + format_percent(weight);
    table.rows.push_back(
        {m.name, m.mean ? format_significant(*m.mean, 5) : "none", std::to_string(m.losses.size()), m.verdict, shares});
  }
  if (result.seed_sd)
    table.note = "Seeds differ by " + format_significant(*result.seed_sd, 2) + " nats (s.d.); less than that tells nothing.";
  return table;
}

}  // namespace

void judge(MixtureResult& result) {
  double squares = 0, degrees = 0;
  for (MeasuredMixture& m : result.measured) {
    if (m.losses.empty()) continue;
    double mean = 0;
    for (const double loss : m.losses) mean += loss / static_cast<double>(m.losses.size());
    for (const double loss : m.losses) squares += (loss - mean) * (loss - mean);
    degrees += static_cast<double>(m.losses.size()) - 1;
    m.mean = mean;
  }
  result.seed_sd = degrees > 0 ? std::optional(std::sqrt(squares / degrees)) : std::nullopt;
  bool compared = false, all_better = true;
  for (std::size_t i = 1; i < result.measured.size(); ++i) {
    const MeasuredMixture& best = result.measured.front();
    MeasuredMixture& other = result.measured[i];
    if (other.weights == best.weights) {
      other.verdict = "the same";
      continue;
    }
    const double gain = best.mean && other.mean ? *other.mean - *best.mean : 0;
    const double spread = result.seed_sd.value_or(std::numeric_limits<double>::infinity());
    other.verdict = gain > spread ? "better" : gain < -spread ? "worse" : "undecided";
    compared = true;
    all_better = all_better && other.verdict == "better";
  }
  result.confirmed = compared && all_better;
}

void write_mixture_result(const std::filesystem::path& folder, const MixtureResult& result, const MixtureTable& proxies) {
  PageSection section = mixture_section(result.model, result.optimum, proxies);
  section.tables.insert(section.tables.begin(), measured_table(result));
  Json object = parse_json(mixture_result_to_json(result), "a mixture's result");
  object.erase("law");  // mixture.json has it
  object["section"] = parse_json(section_to_json(section), "a section");
  write_output(folder / kMixtureResult, seal_json(object.dump()));
}

std::optional<PageSection> read_mixture_section(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kMixtureResult;
  if (std::error_code ignored; !std::filesystem::exists(file, ignored)) return std::nullopt;
  const std::string subject = file.string();
  const Json kept = parse_json(unseal_json(read_file(file), subject), subject);
  return section_from_json(json_get<Json>(kept, "section", subject).dump(), subject);
}

}  // namespace lab

std::string mixture_result_to_json(const MixtureResult& result) {
  Json measured = Json::array();
  for (const MeasuredMixture& m : result.measured)
    measured.push_back({{"name", m.name},
                        {"weights", Json(m.weights)},
                        {"losses", m.losses},
                        {"mean", json_or_null(m.mean)},
                        {"verdict", m.verdict}});
  return Json{{"schema_version", 1},
              {"law", parse_json(mixture_to_json(result.model), "a mixture law")},
              {"optimum", parse_json(mixture_optimum_to_json(result.optimum), "an optimum")},
              {"measured", measured},
              {"seed_sd", json_or_null(result.seed_sd)},
              {"confirmed", result.confirmed}}
      .dump();
}

}  // namespace isoflop
