// isoflop check: the arithmetic of claims.
#include <cstdio>
#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "isoflop/claims.h"

namespace cli {
namespace {

struct Options {
  std::vector<std::string> files;
  bool all = false;
};

const char* word_of(isoflop::ClaimVerdict verdict) {
  switch (verdict) {
    case isoflop::ClaimVerdict::agrees:
      return "agrees";
    case isoflop::ClaimVerdict::off:
      return "OFF";
    case isoflop::ClaimVerdict::power_of_ten:
      return "OFF BY A POWER OF TEN";
    case isoflop::ClaimVerdict::inconsistent:
      return "INCONSISTENT";
    case isoflop::ClaimVerdict::cannot_check:
      break;
  }
  return "cannot be checked";
}

void print_claim(const isoflop::Claim& claim) {
  std::printf("%s:%lld: %s\n    %s: ", claim.file.c_str(), static_cast<long long>(claim.line), claim.text.c_str(),
              word_of(claim.verdict));
  std::printf("%s\n", claim.explanation.c_str());  // has both numbers in the text's own unit
}

void check(const Options& options, const Globals& globals) {
  Json list = Json::array();
  std::int64_t counts[5] = {};
  for (const std::string& file : options.files) {
    const auto claims = isoflop::check_claims(read_table(file), file);
    for (const isoflop::Claim& claim : claims) {
      ++counts[static_cast<std::size_t>(claim.verdict)];
      const bool wrong = claim.verdict != isoflop::ClaimVerdict::agrees && claim.verdict != isoflop::ClaimVerdict::cannot_check;
      if (!globals.json && (wrong || options.all)) print_claim(claim);
    }
    if (globals.json)
      for (auto& claim : Json::parse(isoflop::claims_to_json(claims))) list.push_back(std::move(claim));
  }
  const std::int64_t wrong = counts[1] + counts[2] + counts[3];
  if (globals.json) {
    print_json({{"claims", list},
                {"summary",
                 {{"agrees", counts[0]},
                  {"off", counts[1]},
                  {"power_of_ten", counts[2]},
                  {"inconsistent", counts[3]},
                  {"cannot_check", counts[4]}}}});
    return;
  }
  std::printf("%lld claims checked: %lld agree, %lld do not; %lld cannot be checked%s\n",
              static_cast<long long>(counts[0]) + static_cast<long long>(wrong), static_cast<long long>(counts[0]),
              static_cast<long long>(wrong), static_cast<long long>(counts[4]), options.all ? "" : " (--all shows every one)");
}

}  // namespace

void add_check(CLI::App& program, Globals& globals) {
  const auto options = std::make_shared<Options>();
  CLI::App* app = add_command(program, globals, "check",
                              "Finds numbers that texts claim about models and their training, recomputes them from the others, "
                              "and says which do not follow.",
                              "isoflop check article.md table.csv");
  app->add_option("files", options->files, "texts in English or Japanese, Markdown, CSV, JSON, TOML or YAML")->required();
  app->add_flag("--all", options->all, "print the claims that agree or cannot be checked too");
  app->callback([options, &globals] { check(*options, globals); });
}

}  // namespace cli
