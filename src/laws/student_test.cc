#include <gtest/gtest.h>

#include <cmath>

#include "isoflop/laws.h"

namespace isoflop {
namespace {

struct TableValue {
  double p, degrees, t;
};

// computed with mpmath to 30 digits; the first rows are the values of every printed t table
constexpr TableValue kTable[] = {
    {0.975, 1, 12.7062047361747046},  {0.975, 2, 4.30265272974946385},   {0.975, 3, 3.18244630528370959},
    {0.975, 4, 2.77644510519779436},  {0.975, 5, 2.57058183563631551},   {0.975, 10, 2.22813885198627475},
    {0.975, 30, 2.04227245630123831}, {0.975, 120, 1.97993040508244085}, {0.995, 3, 5.84090930973335726},
    {0.995, 7, 3.49948329735049392},  {0.95, 6, 1.94318028051530321},    {0.9, 2.5, 1.73025092880717659},
    {0.99995, 3, 28.000130010948975}, {0.975, 1e6, 1.95996635681410704},
};

TEST(StudentT, HasTheQuantilesOfTheTables) {
  for (const TableValue& row : kTable) {
    const double t = student_t_quantile(row.p, row.degrees);
    EXPECT_LE(std::fabs(t / row.t - 1), 1e-11) << row.p << " " << row.degrees;
  }
}

TEST(StudentT, IsSymmetricAboutZero) {
  EXPECT_EQ(student_t_quantile(0.5, 4), 0);
  EXPECT_DOUBLE_EQ(student_t_quantile(0.025, 4), -student_t_quantile(0.975, 4));
}

// one degree: the Cauchy distribution, F(t) = 1/2 + atan(t)/pi; two: t = (2p - 1) sqrt(2 / (4 p (1 - p)))
TEST(StudentT, HasTheClosedFormsOfOneAndTwoDegrees) {
  for (const double p : {0.501, 0.6, 0.75, 0.9, 0.99, 0.999, 0.999999}) {
    EXPECT_NEAR(student_t_quantile(p, 1) / std::tan(M_PI * (p - 0.5)), 1, 1e-9) << p;
    EXPECT_NEAR(student_t_quantile(p, 2) / ((2 * p - 1) * std::sqrt(2 / (4 * p * (1 - p)))), 1, 1e-9) << p;
  }
}

TEST(StudentT, TailUndoesQuantile) {
  for (const double v : {1.0, 1.5, 3.0, 14.0, 29.9, 30.1, 500.0})
    for (const double p : {0.51, 0.8, 0.975, 0.9999})
      EXPECT_NEAR(student_t_tail(student_t_quantile(p, v), v) / (1 - p), 1, 1e-10) << v << " " << p;
}

}  // namespace
}  // namespace isoflop
