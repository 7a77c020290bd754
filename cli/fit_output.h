// Fits for people and as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "isoflop/laws.h"
#include "isoflop/report.h"

namespace cli {

struct FittedLaw {
  std::string law;
  std::optional<isoflop::LawView> view;  ///< of power_n, which has a sentence of its own
  isoflop::FitResult result;
};

/// `forms` and the order of the fits stand beside them where there are such.
Json fits_json(const std::string& table, const std::vector<FittedLaw>& laws, const std::vector<isoflop::FormTest>& forms);
void print_fits(const std::vector<FittedLaw>& laws, const std::vector<isoflop::FormTest>& forms);

}  // namespace cli
