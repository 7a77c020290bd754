// What the tests of the chain share: lines, and a folder to run in.
#pragma once

#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "corpus/testing.h"
#include "isoflop/dedup.h"

namespace isoflop::corpus {

inline std::string json_line(const std::string& id, const std::string& text, const std::string& source = "s") {
  return Json{{"id", id}, {"text", text}, {"source", source}, {"more", {1, "x", nullptr}}}.dump() + "\n";
}

inline std::string words(const std::string& stem, int count, int from = 0) {
  std::string text;
  for (int i = from; i < from + count; ++i) text += stem + std::to_string(i) + (i % 10 == 9 ? "\n" : " ");
  return text;
}

class Dedup : public InAFolder {
 protected:
  [[nodiscard]] std::string out() const { return (folder_ / "out").string(); }

  // the documents of the result, as they lie there
  [[nodiscard]] std::vector<Json> written(const fs::path& folder) const {
    std::vector<Json> lines;
    std::vector<fs::path> parts;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".jsonl") parts.push_back(entry.path());
    }
    std::sort(parts.begin(), parts.end());
    for (const fs::path& part : parts) {
      std::istringstream text(read_file(part));
      for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
    }
    return lines;
  }
  [[nodiscard]] std::vector<std::string> values(const std::string& key) const {
    std::vector<std::string> list;
    for (const Json& line : written(out())) list.push_back(line.at(key));
    return list;
  }
  DedupReport run(DedupOptions options) const {
    options.out = out();
    return deduplicate(options);
  }
};

// a corpus with duplicates of every kind
inline std::string mixed_corpus(std::uint64_t seed, int documents) {
  const Philox random{.seed = seed};
  std::string lines;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(documents); ++i) {
    std::string text;
    for (std::uint32_t part = 0; part < 6; ++part) {
      const std::uint64_t which = random.below(static_cast<std::uint64_t>(documents), i, part);
      text += words("p" + std::to_string(which) + "x", 20) + (part % 2 == 0 ? "\n" : "");
    }
    // a part on a line of its own kind: no equal line, but an equal stretch
    std::string part = words("p" + std::to_string(random.below(50, i, 9)) + "y", 20);
    std::replace(part.begin(), part.end(), '\n', ' ');
    text += std::to_string(i) + part;
    if (i % 7 == 3) text = words("seven", 100) + std::to_string(i);
    if (i % 11 == 5) text = "eleven";
    lines += json_line("id" + std::to_string(i), text, "source" + std::to_string(i % 3));
  }
  return lines;
}

}  // namespace isoflop::corpus
