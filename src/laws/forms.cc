// Whether a table of one quantity tells a plain power, a power with a floor and a broken power apart; and how far it would have
// to reach.
#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>

#include "base/math.h"
#include "base/random.h"
#include "base/team.h"
#include "laws/criteria.h"
#include "laws/problem.h"
#include "laws/words.h"

namespace isoflop {
namespace {

using namespace laws;

constexpr double kRefuse = 0.05;  // a form is refused where its simpler tables show as much less often
constexpr std::int64_t kTables = 200;

/// A form fitted to rows by least squares of ln L.
struct Fitted {
  Theta theta{};
  double sse = INFINITY;
};

/// One of the forms on the rows of the table.
struct Form {
  Problem problem;
  std::vector<Theta> starts;  // few, and the same for the table as for those that are simulated
};

Fitted fitted(const Form& form, const Rows& rows, const std::vector<Theta>& further) {
  Fitted best;
  std::vector<Theta> starts = form.starts;
  starts.insert(starts.end(), further.begin(), further.end());
  for (const Theta& start : starts) {
    const Minimum end = minimise(*form.problem.law, rows, form.problem.objective, start, form.problem.free,
                                 {.iterations = 100, .tolerance = 1e-10});
    if (end.stop != Minimum::Stop::no_start && 2 * end.value < best.sse) best = {end.theta, 2 * end.value};
  }
  return best;
}

std::vector<double> predictions_of(const Form& form, const Rows& rows, const Theta& theta) {
  std::vector<double> values(rows.response.size());
  form.problem.law->predict(theta, rows, true, values.data(), nullptr);
  return values;
}

/// The forms of a column, the simplest first. A simpler form is the next one with its last constants such that they do nothing.
std::vector<Form> forms_of(const Observations& table, const std::string& column, const FitOptions& options) {
  const std::string letter = column == "params" ? "n" : column == "tokens" ? "d" : "c";
  FitOptions lsq = options;
  lsq.objective = "lsq";
  lsq.residual = "log";
  lsq.fixed = {};
  std::vector<Form> forms;
  for (const std::string& name : {"power_" + letter, "power_" + letter + "_floor", "broken_" + letter}) {
    Form form{problem_of(table, name, lsq), {}};
    if (form.problem.rows.count == 0) return {};
    const auto& x = form.problem.rows.inputs[0];
    const auto [low, high] = std::minmax_element(x.begin(), x.end());
    const auto [least, most] = std::minmax_element(form.problem.rows.response.begin(), form.problem.rows.response.end());
    const double slope = std::max(0.01, (*most - *least) / std::max(1e-9, *high - *low));
    const double scale = *most + slope * *low;  // K of the line through the ends
    if (forms.empty()) {
      form.starts.push_back({scale, slope});
    } else if (forms.size() == 1) {
      for (const double share : {0.02, 0.5, 0.9})
        form.starts.push_back({*least + log_(share), scale + log_(1 - 0.9 * share), slope * (1 + 2 * share)});
    } else {
      for (const double share : {0.02, 0.6})
        for (const double place : {0.3, 0.7})
          for (const double turn : {-0.5, 1.0})
            form.starts.push_back({*least + log_(share), scale, slope, turn * slope, *low + place * (*high - *low), 0});
    }
    forms.push_back(std::move(form));
  }
  return forms;
}

/// Where the next form starts from the simpler one: a floor, a break that does nothing yet.
std::vector<Theta> nested(std::size_t form, const Theta& simpler, const Rows& rows) {
  const double least = *std::min_element(rows.response.begin(), rows.response.end());
  if (form == 1) return {{least - 5, simpler[0], simpler[1]}};
  const auto [low, high] = std::minmax_element(rows.inputs[0].begin(), rows.inputs[0].end());
  return {{simpler[0], simpler[1], simpler[2], 0.02, 0.5 * (*low + *high), 0},
          {simpler[0], simpler[1], simpler[2], -0.02, 0.5 * (*low + *high), 0}};
}

double statistic(double simple, double complex, std::int64_t more, std::int64_t degrees) {
  return std::max(0.0, simple - complex) / static_cast<double>(more) / (complex / static_cast<double>(degrees));
}

/// The statistic of tables made by `truth` with the noise of `sd`, sorted.
std::vector<double> simulated(const std::vector<Form>& forms, std::size_t simple, std::size_t maker, const Theta& truth,
                              double sd, std::uint64_t series, const FitOptions& options) {
  const Form &null = forms[simple], &more = forms[simple + 1];
  const std::vector<double> middle = predictions_of(forms[maker], null.problem.rows, truth);
  const std::int64_t added = more.problem.free_count() - null.problem.free_count(),
                     degrees = null.problem.rows.count - more.problem.free_count();
  std::vector<double> statistics(kTables);
  std::atomic<std::int64_t> next{0};
  const Philox random{options.seed, Stream::forms};
  Team team(std::max<std::int64_t>(1, std::min(options.threads, kTables)));
  team.run([&](std::int64_t) {
    Rows rows = null.problem.rows;
    for (std::int64_t i = next++; i < kTables && !options.stop.stop_requested(); i = next++) {
      for (std::int64_t row = 0; row < rows.count; ++row)
        rows.response[row] =
            middle[row] + sd * random.normal(static_cast<std::uint64_t>(i),
                                             static_cast<std::uint32_t>(series << 28 | static_cast<std::uint64_t>(row)));
      const Fitted a = fitted(null, rows, maker == simple ? std::vector{truth} : std::vector<Theta>{});
      std::vector<Theta> from = nested(simple + 1, a.theta, rows);
      if (maker != simple) from.push_back(truth);
      const Fitted b = fitted(more, rows, from);
      statistics[i] = statistic(a.sse, std::min(a.sse, b.sse), added, degrees);
    }
  });
  if (options.stop.stop_requested()) throw Error(Fault::interrupted, "fit", "stopped while telling forms apart");
  std::sort(statistics.begin(), statistics.end());
  return statistics;
}

double share_above(const std::vector<double>& sorted, double value) {
  return static_cast<double>(sorted.end() - std::lower_bound(sorted.begin(), sorted.end(), value)) /
         static_cast<double>(sorted.size());
}

/// The rows and one more at `factor` times the largest, all on `truth`.
Rows reaching(const Form& maker, const Theta& truth, double factor) {
  Rows rows;
  rows.count = maker.problem.rows.count + 1;
  rows.inputs = {{maker.problem.rows.inputs[0].begin(), maker.problem.rows.inputs[0].begin() + maker.problem.rows.count}};
  rows.inputs[0].push_back(*std::max_element(rows.inputs[0].begin(), rows.inputs[0].end()) + log_(factor));
  rows.response.assign(static_cast<std::size_t>(rows.count), 0);
  rows.weight.assign(static_cast<std::size_t>(rows.count), 1);
  fill_up(rows);
  rows.response = predictions_of(maker, rows, truth);
  return rows;
}

/// How many times beyond the largest row one more run, of the same noise, would have to be for the simpler form to be refused in
/// four cases of five: its lack of fit to the rows and that run is then what the noncentral chi-square law asks for.
std::optional<double> reach(const Form& simple, const Form& maker, const Theta& truth, const Theta& near, double sd) {
  const std::int64_t added = maker.problem.free_count() - simple.problem.free_count();
  const double needed = added == 1 ? 7.849 : 10.903;  // alpha 0.05, power 0.8; of 1 and of 3 degrees
  const auto tells = [&](double factor) {
    const Rows rows = reaching(maker, truth, factor);
    return fitted(simple, rows, {near}).sse >= needed * sd * sd;
  };
  constexpr double kMost = 1e9, kStep = 1.5;
  double high = 1;
  while (high < kMost && !tells(high)) high *= kStep;
  if (high >= kMost) return std::nullopt;
  double low = high / kStep;
  for (int i = 0; i < 12 && high > 1; ++i) {
    const double middle = std::sqrt(low * high);
    (tells(middle) ? high : low) = middle;
  }
  return high;
}

std::string symbol(const std::string& column) {
  return column == "params" ? "N" : column == "tokens" ? "D" : "C";
}

std::string in_words(const FormTest& test) {
  static const std::array<const char*, 3> kNames{"a plain power", "a power with a floor", "a broken power with a floor"};
  std::string text = "of " + symbol(test.column) + ", the rows are told as " + kNames[static_cast<std::size_t>(test.told)];
  for (std::size_t i = 0; i < test.steps.size(); ++i) {
    const FormTest::Step& step = test.steps[i];
    text += "; " + std::string(kNames[i]) + " against " + kNames[i + 1] + ": F = " + people(step.statistic) + ", as large in " +
            people(100 * step.p) + " % of tables without one";
    if (step.power) text += " (the form fitted would be told in " + people(100 * *step.power) + " %)";
    if (step.p < kRefuse) continue;
    if (step.reach)
      text += ", so not told: a run at " + people(*step.reach) + " times the largest " + symbol(test.column) + " would tell";
    else
      text += ", so not told";
  }
  return text;
}

}  // namespace

FormTest tell_forms(const Observations& table, const std::string& column, const FitOptions& options) {
  if (column != "params" && column != "tokens" && column != "flops")
    throw Error(Fault::usage, "--forms", "no forms of `" + column + "`", "known: params, tokens, flops");
  FormTest test;
  test.column = column;
  const std::vector<Form> forms = forms_of(table, column, options);
  const std::int64_t rows = forms.empty() ? 0 : forms[0].problem.rows.count;
  test.rows = rows;
  if (rows < 5) {
    test.text = plural(static_cast<std::size_t>(rows), "row") + ": expected 5 to tell a floor, 9 to tell a break";
    return test;
  }
  double sum_ln = 0;
  for (std::int64_t i = 0; i < rows; ++i) sum_ln += forms[0].problem.rows.response[i];
  std::vector<Fitted> fits;
  for (std::size_t i = 0; i < forms.size(); ++i) {
    const Form& form = forms[i];
    if (rows < form.problem.free_count() + 2) break;
    fits.push_back(
        fitted(form, form.problem.rows, i == 0 ? std::vector<Theta>{} : nested(i, fits.back().theta, form.problem.rows)));
    if (i > 0 && fits[i].sse > fits[i - 1].sse) fits[i].sse = fits[i - 1].sse;
    const Criteria criteria =
        criteria_of(deviance_of(form.problem.objective, 0.5 * fits[i].sse, 1, rows, sum_ln), rows, form.problem.free_count());
    test.forms.push_back({form.problem.law->info.name, form.problem.law->named(fits[i].theta),
                          std::sqrt(fits[i].sse / static_cast<double>(rows - form.problem.free_count())), criteria.aicc,
                          criteria.bic});
  }

  for (std::size_t i = 0; i + 1 < fits.size(); ++i) {
    const Form &simple = forms[i], &more = forms[i + 1];
    const std::int64_t added = more.problem.free_count() - simple.problem.free_count(),
                       degrees = rows - more.problem.free_count();
    const double sd = std::sqrt(fits[i].sse / static_cast<double>(rows - simple.problem.free_count()));
    const double sd_more = std::sqrt(fits[i + 1].sse / static_cast<double>(degrees));
    FormTest::Step step;
    step.statistic = statistic(fits[i].sse, fits[i + 1].sse, added, degrees);
    const std::vector<double> null = simulated(forms, i, i, fits[i].theta, sd, i, options);
    step.p = (1 + share_above(null, step.statistic) * kTables) / (1 + static_cast<double>(kTables));
    if (step.statistic > 0) {
      const double critical = null[static_cast<std::size_t>((1 - kRefuse) * kTables)];
      step.power = share_above(simulated(forms, i, i + 1, fits[i + 1].theta, sd_more, 2 + i, options), critical);
      if (step.p >= kRefuse) step.reach = reach(simple, more, fits[i + 1].theta, fits[i].theta, sd_more);
    }
    test.steps.push_back(step);
    if (step.p < kRefuse) test.told = static_cast<std::int64_t>(i) + 1;  // what refuses a form refuses the simpler ones within it
  }
  test.text = in_words(test);
  return test;
}

}  // namespace isoflop
