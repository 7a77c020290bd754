// Documents as practitioners write them (tests/claims/field), by authors who had not seen the rules. planted.tsv has the lines in
// which they planted errors; of "12|14" either may be flagged. Not all are found: what is found stays found, and no line is
// accused wrongly.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "isoflop/claims.h"

namespace isoflop {
namespace {

struct Score {
  int planted = 0, found = 0, accused = 0;
};

std::string read(const std::string& name) {
  std::ifstream file(std::string(ISOFLOP_SOURCE_DIR) + "/tests/claims/field/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::set<std::int64_t> flagged(const std::string& name) {
  std::set<std::int64_t> lines;
  for (const Claim& claim : check_claims(read(name), name))
    if (claim.verdict != ClaimVerdict::agrees && claim.verdict != ClaimVerdict::cannot_check) lines.insert(claim.line);
  return lines;
}

/// By the sets, which are the names' first letters.
std::map<char, Score> scores(std::string& accused) {
  std::map<char, Score> all;
  std::istringstream planted(read("planted.tsv"));
  for (std::string line; std::getline(planted, line);) {
    const std::string name = line.substr(0, line.find('\t'));
    Score& score = all[name[0]];
    std::set<std::int64_t> lines = flagged(name);
    std::istringstream errors(line.substr(line.find('\t') + 1));
    std::set<std::int64_t> meant;
    for (std::string either; errors >> either;) {
      ++score.planted;
      bool found = false;
      std::istringstream one(either);
      for (std::string number; std::getline(one, number, '|');) {
        meant.insert(std::stol(number));
        found = found || lines.contains(std::stol(number));
      }
      score.found += found;
    }
    for (const std::int64_t at : lines)
      if (!meant.contains(at)) {
        ++score.accused;
        accused += name + ":" + std::to_string(at) + "\n";
      }
  }
  return all;
}

TEST(ClaimsInTheField, WhatWasFoundIsFoundAndHardlyALineIsAccusedWrongly) {
  std::string accused;
  const auto all = scores(accused);
  ASSERT_EQ(all.size(), 4u);
  const std::map<char, Score> least{{'a', {65, 55, 1}}, {'b', {66, 47, 1}}, {'c', {66, 41, 0}}, {'d', {47, 34, 3}}};
  for (const auto& [set, score] : all) {
    EXPECT_EQ(score.planted, least.at(set).planted) << set;
    EXPECT_GE(score.found, least.at(set).found) << set;
    EXPECT_LE(score.accused, least.at(set).accused) << set << "\n" << accused;
  }
}

}  // namespace
}  // namespace isoflop
