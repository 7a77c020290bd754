// A sound table is told that it is sound; a table with one mistake is told that one.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/random.h"
#include "base/testing.h"
#include "isoflop/laws.h"

namespace isoflop {
namespace {

using Verdict = TableFinding::Verdict;

/// Seven budgets of six sizes, on Chinchilla's surface with 0.5 % of noise.
Observations sound() {
  const Philox noise{.seed = 2, .stream = Stream::simulate};
  Observations table;
  table.n_convention = "params";
  for (std::uint64_t budget = 0; budget < 7; ++budget)
    for (std::uint64_t j = 0; j < 6; ++j) {
      const double c = 1e17 * std::pow(10, 0.5 * static_cast<double>(budget)),
                   n = 0.1 * std::sqrt(c) * std::pow(10, -0.9 + 0.35 * static_cast<double>(j)), d = c / 6 / n;
      table.labels.push_back("b" + std::to_string(budget) + "-" + std::to_string(j));
      table.columns["params"].emplace_back(n);
      table.columns["tokens"].emplace_back(d);
      table.columns["flops"].emplace_back(6 * n * d);
      table.columns["loss"].emplace_back((1.8 + 450 * std::pow(n, -.345) + 1900 * std::pow(d, -.36)) *
                                         std::exp(.005 * noise.normal(budget * 6 + j)));
    }
  return table;
}

TableFinding finding(const Observations& table, const std::string& rule) {
  for (TableFinding& f : examine_table(table))
    if (f.rule == rule) return f;
  ADD_FAILURE() << "no rule " << rule;
  return {};
}

TEST(Doctor, FindsNothingBadInASoundTable) {
  for (const TableFinding& f : examine_table(sound())) {
    EXPECT_NE(f.verdict, Verdict::bad) << f.rule << ": " << f.text;
    EXPECT_EQ(f.remedy.empty(), f.verdict == Verdict::good || f.verdict == Verdict::unseen) << f.rule;
  }
}

struct Mistake {
  std::string name, rule;
  Verdict verdict;
  std::function<void(Observations&)> make;
};
void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.name;
}

class EveryMistake : public testing::TestWithParam<Mistake> {};

TEST_P(EveryMistake, IsTold) {
  Observations table = sound();
  EXPECT_LT(finding(table, GetParam().rule).verdict, GetParam().verdict) << "the table is told so without the mistake";
  GetParam().make(table);
  const TableFinding found = finding(table, GetParam().rule);
  EXPECT_EQ(to_string(found.verdict), to_string(GetParam().verdict)) << found.text;
}

void scale(Observations& table, const std::string& column, std::size_t from, double factor) {
  for (std::size_t row = from; row < table.labels.size(); ++row) *table.columns[column][row] *= factor;
}

void keep(Observations& table, const std::function<bool(double n, double d)>& good) {
  Observations kept;
  kept.n_convention = table.n_convention;
  for (std::size_t row = 0; row < table.labels.size(); ++row) {
    if (!good(*table.columns["params"][row], *table.columns["tokens"][row])) continue;
    kept.labels.push_back(table.labels[row]);
    for (const auto& [name, column] : table.columns) kept.columns[name].push_back(column[row]);
  }
  table = kept;
}

std::vector<Mistake> mistakes() {
  return {Mistake{"TwoUnits", "unit of the loss", Verdict::bad, [](Observations& t) { scale(t, "loss", 20, 0.1); }},
          Mistake{"NoConvention", "what N counts", Verdict::doubtful, [](Observations& t) { t.n_convention = "unstated"; }},
          Mistake{"ForwardFlops", "FLOPs against 6 N D", Verdict::bad, [](Observations& t) { scale(t, "flops", 0, 1 / 3.0); }},
          Mistake{"UnevenFlops", "FLOPs against 6 N D", Verdict::doubtful, [](Observations& t) { scale(t, "flops", 30, 2); }},
          Mistake{"ACopy", "copies", Verdict::bad,
                  [](Observations& t) {
                    for (auto& [name, column] : t.columns) column.push_back(column.front());
                    t.labels.emplace_back("again");
                  }},
          Mistake{"PetaflopDays", "FLOPs against 6 N D", Verdict::bad,
                  [](Observations& t) { scale(t, "flops", 0, 1 / 8.64e19); }},
          Mistake{"TokensInMillions", "unit of N and D", Verdict::bad, [](Observations& t) { scale(t, "tokens", 0, 1e-6); }},
          Mistake{"ParametersInMillions", "unit of N and D", Verdict::bad, [](Observations& t) { scale(t, "params", 0, 1e-6); }},
          Mistake{"OneRowInMillions", "unit of N and D", Verdict::bad,
                  [](Observations& t) { *t.columns["params"].front() *= 1e-6; }},
          Mistake{"FewSizes", "range of sizes", Verdict::bad,
                  [](Observations& t) { keep(t, [](double n, double) { return n > 1e8 && n < 5e8; }); }},
          Mistake{"OneRatio", "range of D / N", Verdict::bad,
                  [](Observations& t) { keep(t, [](double n, double d) { return d / n > 20 && d / n < 100; }); }},
          Mistake{"Swapped", "more is better", Verdict::bad,
                  [](Observations& t) { std::swap(t.columns["loss"][2], t.columns["loss"][38]); }},
          Mistake{"AStray", "rows off the surface", Verdict::doubtful, [](Observations& t) { *t.columns["loss"][15] *= 1.1; }}};
}

INSTANTIATE_TEST_SUITE_P(Doctor, EveryMistake, testing::ValuesIn(mistakes()),
                         [](const testing::TestParamInfo<Mistake>& at) { return at.param.name; });

// examining such a table ended the program once
TEST(Doctor, SeesRepeatedText) {
  Observations table = sound();
  for (std::size_t row = 0; row < table.labels.size(); ++row) table.columns["unique_tokens"].emplace_back(1e10);
  EXPECT_EQ(finding(table, "repeated text").verdict, Verdict::bad);
}

TEST(Doctor, SeesRatesAtTheEdgeOnlyWhereTwoWereTried) {
  Observations table = sound();
  for (std::size_t row = 0; row < table.labels.size(); ++row) table.columns["learning_rate"].emplace_back(1e-3);
  EXPECT_EQ(finding(table, "learning rate bracketed").verdict, Verdict::unseen) << "the sweep may stand elsewhere";
  for (const double rate : {2e-3, 5e-4}) {
    for (auto& [name, column] : table.columns) column.push_back(column.front());
    table.labels.emplace_back("sweep");
    *table.columns["loss"].back() *= rate > 1e-3 ? 0.99 : 1.01;
    *table.columns["learning_rate"].back() = rate;
  }
  const TableFinding edge = finding(table, "learning rate bracketed");
  EXPECT_EQ(edge.verdict, Verdict::bad) << "the highest rate is the best";
  EXPECT_NE(edge.text.find("1 of 1 setting"), std::string::npos) << edge.text;
}

TEST(Doctor, TakesNoCopyForAReplicate) {
  Observations table = sound();
  const auto again = [&](double factor) {
    for (auto& [name, column] : table.columns) column.push_back(column.front());
    *table.columns["loss"].back() *= factor;
    table.labels.emplace_back("again");
  };
  again(1);
  EXPECT_EQ(finding(table, "noise of the seed").verdict, Verdict::doubtful);
  again(1.001);
  EXPECT_EQ(finding(table, "noise of the seed").verdict, Verdict::good);
}

TEST(Doctor, SaysNothingOfWhatTheTableHasNoColumnFor) {
  Observations table = sound();
  table.columns.erase("loss");
  for (const char* rule : {"unit of the loss", "copies", "more is better", "noise of the seed", "minima of isoFLOP curves",
                           "what a surface says"}) {
    const TableFinding found = finding(table, rule);
    EXPECT_EQ(to_string(found.verdict), "unseen") << rule;
    EXPECT_EQ(found.text, "no column loss") << rule;
  }
  table = sound();
  table.columns.erase("tokens");
  EXPECT_EQ(finding(table, "checkpoints of one run").verdict, Verdict::unseen);
  // a column without a number is none
  table = sound();
  table.columns["flops_exact"] = table.columns["flops"];
  for (auto& value : table.columns["flops"]) value.reset();
  EXPECT_EQ(finding(table, "FLOPs against 6 N D").verdict, Verdict::good);
}

TEST(Doctor, RefusesATableOfWhichItKnowsNoColumn) {
  const Error e = error_of([] { (void)examine_table(observations_from_csv("foo,bar\n1,2\n3,4\n", "foo.csv")); });
  EXPECT_EQ(e.fault(), Fault::bad_data);
  EXPECT_EQ(e.subject(), "foo.csv");
  EXPECT_NE(e.hint().find("--map params=COLUMN"), std::string::npos);
}

}  // namespace
}  // namespace isoflop
