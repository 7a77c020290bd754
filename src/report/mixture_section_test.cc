#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "isoflop/mixture.h"
#include "isoflop/report.h"

namespace isoflop {
namespace {

using testing::HasSubstr;

/// 24 runs of three sources, two losses that the shares decide but for a little noise.
MixtureTable table() {
  const Philox random{7, Stream::simulate};
  CsvTable csv{.subject = "t",
               .header = {"run", "share.web", "share.code", "share.books", "loss.chat", "loss.exam"},
               .rows = {},
               .lines = {},
               .warnings = {}};
  for (std::uint64_t i = 0; i < 24; ++i) {
    const double a = random.uniform(i, 0), b = random.uniform(i, 1), c = random.uniform(i, 2), sum = a + b + c;
    const double web = a / sum, code = b / sum, books = c / sum;
    const double chat = 2 + std::exp(-1 * web + 0.5 * code) + 0.002 * random.normal(i, 3),
                 exam = 2.5 + std::exp(-1 * books) + 0.002 * random.normal(i, 4);
    csv.rows.push_back({"p" + std::to_string(i), std::to_string(web), std::to_string(code), std::to_string(books),
                        std::to_string(chat), std::to_string(exam)});
  }
  return mixture_table(csv);
}

TEST(MixtureSection, ShowsEverySourceEveryComparisonAndEveryProxy) {
  const MixtureTable proxies = table();
  const MixtureModel model = fit_mixture(proxies, {.bootstrap = 60});
  const MixtureOptimum optimum = optimise_mixture(model);
  const PageSection section = mixture_section(model, optimum, proxies);
  EXPECT_EQ(section.lead, optimum.text);
  ASSERT_EQ(section.tiles.size(), 3U);
  ASSERT_EQ(section.tables.size(), 3U);
  EXPECT_EQ(section.tables[0].rows.size(), 3U);
  EXPECT_EQ(section.tables[1].rows.size(), optimum.comparisons.size());
  EXPECT_EQ(section.tables[2].rows.size(), 2U) << "a law a loss";
  for (const PageTable& t : section.tables)
    for (const auto& row : t.rows) EXPECT_EQ(row.size(), t.head.size()) << t.title;

  // observed against predicted: the diagonal, and each loss of every run near it
  ASSERT_EQ(section.figures.size(), 4U);
  const Figure& observed = section.figures[0].figure;
  ASSERT_EQ(observed.series.size(), 3U);
  for (std::size_t s = 1; s < 3; ++s) {
    EXPECT_EQ(observed.series[s].points.size(), 24U);
    for (const FigurePoint& p : observed.series[s].points) EXPECT_NEAR(p.x, p.y, 0.02);
  }
  // loss against a share: the mean of both losses of every run, and what is recommended
  const Figure& share = section.figures[1].figure;
  ASSERT_EQ(share.series.size(), 3U);
  EXPECT_TRUE(share.series[0].points.empty()) << "one learning rate";
  ASSERT_EQ(share.series[1].points.size(), 24U);
  EXPECT_NEAR(share.series[1].points[0].y,
              (*proxies.runs.columns.at("loss.chat")[0] + *proxies.runs.columns.at("loss.exam")[0]) / 2, 1e-12);
  EXPECT_EQ(share.series[2].points[0].x, optimum.shares[0].weight);

  const std::string page = page_html({"", "t", "", {section}, "isoflop"});
  for (const char* word : {"web", "code", "books", "chat", "exam", "Spearman"}) EXPECT_THAT(page, HasSubstr(word));
  EXPECT_EQ(section_to_json(section_from_json(section_to_json(section), "s")), section_to_json(section));
}

}  // namespace
}  // namespace isoflop
