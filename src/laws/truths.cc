#include "laws/truths.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/math.h"
#include "base/random.h"
#include "isoflop/text.h"
#include "laws/intervals.h"

namespace isoflop {
namespace laws {
namespace {

constexpr std::size_t kRunRows = 6;         // checkpoints of a run
constexpr double kShared = 0.8;             // of their noise's variance
constexpr double kBreak = 0.3, kSharpness = 0.5;  // broken: share of alpha that is lost, and over how many powers of e in N

/// Caballero et al. 2022 (arXiv:2210.14891): a power of N with one smooth break, in the place of chinchilla's.
struct Broken {
  static constexpr int kParameters = 7, kInputs = 2;
  static constexpr bool kLogValue = true;
  // L = E + A N^-alpha (1 + (N / N_b)^(1/f))^(c f) + B / D^beta, c = 0.3 alpha
  template <Dual T>
  static T value(const std::array<T, 7>& t, const std::array<Pack, 2>& x) {
    const auto& [e, a, b, alpha, beta, ln_n_b, c] = t;
    const auto& [n, d] = x;
    const T beyond = softplus((constant<T>(n) - ln_n_b) * pack_of(1 / kSharpness)) * pack_of(kSharpness);
    return log(exp(e) + exp(a - n * alpha + c * beyond) + exp(b - d * beta));
  }
};

Law broken_law(const Law& law) {
  Law broken;
  broken.info = {"broken", "", ""};
  broken.inputs = law.inputs;
  broken.constants = law.constants;
  broken.constants.push_back({"N_b", Space::log, {}});
  broken.constants.push_back({"c", Space::plain, {}});
  return law_of<Broken>(std::move(broken));
}

Theta theta_of(const Law& law, const std::map<std::string, double>& constants) {
  Theta theta{};
  for (int i = 0; i < law.size(); ++i) {
    const auto at = constants.find(law.constants[i].name);
    if (at == constants.end()) throw Error(Fault::usage, law.info.name, "constant `" + law.constants[i].name + "` is missing");
    if (!law.admits(i, at->second))
      throw Error(Fault::usage, law.info.name,
                  "constant `" + at->first + "` is " + format_number(at->second) + ", expected " + law.expected(i));
    theta[i] = law.parameter_of(i, at->second);
  }
  return theta;
}

bool reads_params(const Law& law) {
  return !law.inputs.empty() && law.inputs[0].column == "params";
}

/// The design with a loss that the fit's reader takes, and runs of several rows for `checkpoints`.
Observations prepared(const Law& law, const Observations& design, const SimulateOptions& options) {
  Observations table = design;
  const std::string response = law.response == "loss" ? options.fit.loss_column : law.response;
  table.columns[response].assign(table.labels.size(), 1.0);
  table.warnings.clear();
  if (options.truth != "checkpoints") return table;
  auto& params = table.columns[options.fit.n_column];
  auto& tokens = table.columns["tokens"];
  if (params.empty() || tokens.empty()) throw Error(Fault::usage, "--truth", "checkpoints needs a design of params and tokens");
  std::vector<std::size_t> order(table.labels.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(params[a], tokens[a]) < std::pair(params[b], tokens[b]);
  });
  table.groups.assign(table.labels.size(), "");
  for (std::size_t i = 0; i < order.size(); ++i) {
    params[order[i]] = params[order[i - i % kRunRows]];
    table.groups[order[i]] = "run " + std::to_string(i / kRunRows);
  }
  return table;
}

/// ln N of every row about the middle size.
std::vector<double> about_the_middle(const Problem& problem, double& middle) {
  const auto& x = problem.rows.inputs[0];
  std::vector<double> sorted(x.begin(), x.begin() + problem.rows.count), distance;
  std::sort(sorted.begin(), sorted.end());
  middle = sorted[sorted.size() / 2];
  for (std::int64_t i = 0; i < problem.rows.count; ++i) distance.push_back(std::fabs(x[i] - middle));
  return distance;
}

decltype(World::noise) noise_of(const SimulateOptions& options, std::vector<double> distance) {
  const double sd = options.noise;
  // four counters a row; those of a run stand behind all rows'
  const auto normal = [](std::uint64_t seed, std::int64_t table, std::int64_t row, std::uint32_t k) {
    return Philox{seed, Stream::simulate}.normal(static_cast<std::uint64_t>(table), static_cast<std::uint32_t>(row) * 4 + k);
  };
  if (options.truth == "heavy")
    return [=](std::uint64_t seed, std::int64_t table, std::int64_t row, std::int64_t) {
      double chi = 0;
      for (std::uint32_t k = 1; k < 4; ++k) {
        const double z = normal(seed, table, row, k);
        chi += z * z;
      }
      return sd * normal(seed, table, row, 0) / std::sqrt(chi);  // t = z / sqrt(chi / 3) has variance 3
    };
  if (options.truth == "checkpoints")
    return [=](std::uint64_t seed, std::int64_t table, std::int64_t row, std::int64_t run) {
      return sd * (std::sqrt(kShared) * normal(seed, table, run, 1) + std::sqrt(1 - kShared) * normal(seed, table, row, 0));
    };
  if (options.truth == "untuned")
    return [=, away = std::move(distance)](std::uint64_t seed, std::int64_t table, std::int64_t row, std::int64_t) {
      return sd * (normal(seed, table, row, 0) + std::fabs(normal(seed, table, row, 1)) * away[row]);
    };
  return [=](std::uint64_t seed, std::int64_t table, std::int64_t row, std::int64_t) { return sd * normal(seed, table, row, 0); };
}

/// The broken truth's optimum at the budgets, and its slopes over the design.
std::map<std::string, double> broken_truth(const Law& broken, const Theta& theta, const Problem& problem,
                                           const SimulateOptions& options) {
  std::map<std::string, double> truth;
  for (const Quantity& q : quantities_of(broken, options.fit))
    if (q.constant < 0) truth[q.name] = q.value(theta);
  double least = INFINITY, most = -INFINITY;
  for (std::int64_t i = 0; i < problem.rows.count; ++i) {
    const double c = problem.rows.inputs[0][i] + problem.rows.inputs[1][i];
    least = std::min(least, c);
    most = std::max(most, c);
  }
  const auto size_at = [&](double ln_nd) { return log_(optimum_at(broken, theta, 6 * exp_(ln_nd)).params); };
  truth["a"] = (size_at(most) - size_at(least)) / (most - least);
  truth["b"] = 1 - truth["a"];
  return truth;
}

void check_truth(const SimulateOptions& options, const Law& law) {
  static const std::vector<std::string> kTruths{"law", "heavy", "checkpoints", "untuned", "broken"};
  if (std::find(kTruths.begin(), kTruths.end(), options.truth) == kTruths.end())
    throw Error(Fault::usage, "--truth", "no `" + options.truth + "`", "known: law, heavy, checkpoints, untuned, broken");
  if (options.truth == "broken" && law.info.name != "chinchilla")
    throw Error(Fault::usage, "--truth", "broken is a truth for the law chinchilla, not " + law.info.name);
  if (options.truth == "untuned" && !reads_params(law))
    throw Error(Fault::usage, "--truth", "untuned needs a law of params; " + law.info.name + " is not");
}

}  // namespace

std::pair<Problem, World> world_of(const std::string& name, const std::map<std::string, double>& constants,
                                   const Observations& design, const SimulateOptions& options) {
  const Law& law = law_named(name);
  check_truth(options, law);
  Problem problem = problem_of(prepared(law, design, options), name, options.fit);
  if (problem.rows.count <= problem.free_count())
    throw Error(Fault::bad_data, design.subject.empty() ? "design" : design.subject,
                std::to_string(problem.rows.count) + " rows for " + std::to_string(problem.free_count()) + " constants",
                "expected more rows than constants");
  World world;
  world.near = theta_of(law, constants);
  double middle = 0;
  world.noise = noise_of(options, reads_params(law) ? about_the_middle(problem, middle) : std::vector<double>{});
  world.ln_response.resize(problem.rows.response.size());
  if (options.truth == "broken") {
    const Law broken = broken_law(law);
    Theta theta = world.near;
    theta[5] = middle;
    theta[6] = kBreak * constants.at("alpha");
    broken.predict(theta, problem.rows, true, world.ln_response.data(), nullptr);
    world.truth = broken_truth(broken, theta, problem, options);
  } else {
    law.predict(world.near, problem.rows, true, world.ln_response.data(), nullptr);
    for (const Quantity& q : quantities_of(law, options.fit)) world.truth[q.name] = q.value(world.near);
  }
  for (std::size_t i = 0; i < world.ln_response.size(); ++i)
    problem.rows.response[i] = problem.objective.log_residual ? world.ln_response[i] : exp_(world.ln_response[i]);
  return {std::move(problem), std::move(world)};
}

}  // namespace laws

Observations isoflop_design(std::int64_t rows) {
  ISOFLOP_CHECK(rows >= 1);
  Observations design;
  design.flops_convention = "flops_6nd";
  auto& params = design.columns["params"];
  auto& tokens = design.columns["tokens"];
  auto& flops = design.columns["flops"];
  // half as many again sizes as budgets
  const auto count = std::max<std::int64_t>(2, static_cast<std::int64_t>(std::sqrt(static_cast<double>(rows) * 2 / 3) + 0.5));
  const std::int64_t budgets = std::min(count, rows);
  const double low = log_(6e18), high = log_(3e21);
  for (std::int64_t b = 0; b < budgets; ++b) {
    const double ln_c = budgets == 1 ? low : low + (high - low) * static_cast<double>(b) / static_cast<double>(budgets - 1);
    const std::int64_t sizes = rows / budgets + (b < rows % budgets ? 1 : 0);
    for (std::int64_t i = 0; i < sizes; ++i) {
      const double place = sizes == 1 ? 0 : 2 * static_cast<double>(i) / static_cast<double>(sizes - 1) - 1;
      const double ln_n = log_(1.3e9) + 0.5 * (ln_c - log_(1e21)) + place * log_(6);
      design.labels.push_back("budget " + std::to_string(b + 1) + ", size " + std::to_string(i + 1));
      flops.emplace_back(exp_(ln_c));
      params.emplace_back(exp_(ln_n));
      tokens.emplace_back(exp_(ln_c - ln_n) / 6);
    }
  }
  return design;
}

Observations thinned(const Observations& table, std::int64_t rows) {
  const auto n = static_cast<std::int64_t>(table.labels.size());
  if (rows >= n) return table;
  const laws::Column &params = laws::need_column(table, "params"), &tokens = laws::need_column(table, "tokens");
  std::vector<std::size_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return params[a].value_or(0) * tokens[a].value_or(0) < params[b].value_or(0) * tokens[b].value_or(0);
  });
  std::vector<std::size_t> kept;
  for (std::int64_t i = 0; i < rows; ++i) kept.push_back(order[static_cast<std::size_t>((2 * i + 1) * n / (2 * rows))]);
  return laws::rows_of(table, kept);
}

}  // namespace isoflop
