// Which files a study's folder keeps for itself (docs/formats/run.md).
#include <algorithm>
#include <system_error>

#include "base/output.h"
#include "isoflop/studyfiles.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOwn[] = {
    "study.toml", "study.resolved.toml", "corpus.manifest.json", "tokenizer.json", "index.db",     "runs.csv",
    "laws.json",  "plan.json",           "report.html",          "proxies.csv",    "mixture.json", "mixture_result.json"};

}  // namespace

bool belongs_to_study(const fs::path& path) {
  std::error_code ignored;
  const fs::path place = fs::weakly_canonical(place_of(path), ignored);
  for (fs::path at = place; at.has_relative_path(); at = at.parent_path()) {
    const fs::path folder = at.parent_path();
    if (!fs::exists(folder / "index.db", ignored) && !fs::exists(folder / "study.resolved.toml", ignored)) continue;
    const auto is_it = [&](const char* name) { return at.filename() == name; };
    if (at == place ? std::any_of(std::begin(kOwn), std::end(kOwn), is_it) : is_it("runs")) return true;
  }
  return false;
}

}  // namespace isoflop
