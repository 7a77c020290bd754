// Tables and conditions of very many characters: each is read or refused in a time that grows with its length, and its message is
// short.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "isoflop/laws.h"

namespace isoflop::fuzz {

/// The error of reading a text, none if it is read; its words stay short whatever the text is.
template <class Call>
std::string problem_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_LT(error.problem().size() + error.subject().size() + error.hint().size(), 600U);
    EXPECT_TRUE(error.fault() == Fault::bad_data || error.fault() == Fault::usage);
    return error.subject() + ": " + error.problem();
  }
  return "";
}

/// Every kind of long line, of `n` characters.
inline void read_long_lines(std::size_t n) {
  const auto read = [](const std::string& text) { return problem_of([&] { (void)observations_from_csv(text, "t.csv"); }); };
  const std::string header = "run,params,loss\n", row = "a,1,2\n";
  EXPECT_EQ(read(header + std::string(n, 'x') + ",1,2\n"), "") << "a long name";
  EXPECT_NE(read(header + "a," + std::string(n, '1') + "x,2\n").find("t.csv:2: column `params`"), std::string::npos)
      << "a long number";
  EXPECT_NE(read(header + row + "a,1,\"" + std::string(n, 'x')).find("t.csv:3: column 3: a quote is opened"), std::string::npos);
  EXPECT_NE(read(header + "a,\"" + std::string(n, '"') + "\"x,2\n").find("t.csv:2: column 2"), std::string::npos);
  EXPECT_NE(read(header + "a,1," + std::string(n / 50, ',') + "2\n").find("t.csv:2"), std::string::npos) << "too many cells";
  EXPECT_EQ(read(std::string(n, 'x') + "\n1\n"), "") << "a long header";
  EXPECT_NE(read(std::string(n, ';') + "\n1\n").find("`;`"), std::string::npos);
  EXPECT_NE(read(std::string(std::min<std::size_t>(n, 1'000'000), '\n')).find("t.csv"), std::string::npos) << "empty lines";
  EXPECT_NE(read("s:0 tel:1.5\n" + std::string(n, 's') + "\n").find("t.csv:2"), std::string::npos) << "a log of llm.c";

  const CsvTable table = parse_csv(header + row, "t.csv");
  const auto where = [&](const std::string& expression) { return problem_of([&] { (void)rows_where(table, expression); }); };
  EXPECT_EQ(where("run = '" + std::string(n, 'x') + "'"), "");
  EXPECT_NE(where(std::string(n, 'x') + " = 1").find("no column"), std::string::npos);
  EXPECT_NE(where("params " + std::string(n, '<') + " 1").find("cannot read"), std::string::npos);
  EXPECT_NE(where("params < '" + std::string(n, 'x')).find("never closed"), std::string::npos);
  EXPECT_NE(where("params < 1" + std::string(n, ' ') + "or").find("`or` is not known"), std::string::npos);
  std::string many = "params = 1";
  while (many.size() < n / 10) many += " and params = 1";
  EXPECT_EQ(where(many), "");
  EXPECT_NE(problem_of([&] { (void)rows_but(table, {std::string(n, 'x')}); }).find("no row"), std::string::npos);
}

}  // namespace isoflop::fuzz
