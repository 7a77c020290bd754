// A mixture planned, and written in a seeded order through buckets on disk.
#include "isoflop/mix.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>

#include "base/check.h"
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "base/sealed_json.h"
#include "base/utf8.h"
#include "corpus/inputs.h"
#include "corpus/json_line.h"
#include "corpus/mix_plan.h"
#include "corpus/parts_folder.h"
#include "corpus/report_json.h"
#include "isoflop/text.h"

namespace isoflop {
namespace {

namespace fs = std::filesystem;
using corpus::SourceSizes;
using corpus::SourceTake;

constexpr std::int64_t kMostParts = 512;  // open at once

std::int64_t cost_of(const MixUnit& unit, std::string_view text) {
  return unit.cost ? unit.cost(text) : count_characters(text);
}

class Steps {
 public:
  Steps(const Corpus& corpus, const ProgressFn& progress, const char* stage)
      : progress_(progress), stage_(stage), total_(static_cast<double>(corpus.manifest().train.bytes)) {}
  void add(std::size_t bytes) {
    done_ += static_cast<double>(bytes);
    if (progress_) progress_({stage_, done_, total_, "bytes", {}});
  }

 private:
  const ProgressFn& progress_;
  const char* stage_;
  double done_ = 0, total_;
};

struct Plan {
  std::vector<SourceSizes> sizes;  // by the manifest's order
  std::vector<SourceTake> takes;   // by the same
  std::map<std::string, std::size_t, std::less<>> index;
  MixReport report;
};

Plan make_plan(const Corpus& corpus, const MixOptions& options, std::stop_token stop, const ProgressFn& progress) {
  validate(options);
  if (corpus.manifest().split != SplitKind::none)
    throw Error(Fault::usage, "split", "a mixture takes the whole corpus", "open it with the split `none`");
  Plan plan;
  for (const SourceFacts& source : corpus.manifest().sources) {
    plan.index[source.name] = plan.sizes.size();
    plan.sizes.push_back({source.name, {}, 0, 0});
  }
  Steps steps(corpus, progress, "count");
  corpus.for_each_unit(
      [&](const Unit& unit) {
        SourceSizes& source = plan.sizes[plan.index.find(unit.source)->second];
        const std::int64_t cost = cost_of(options.unit, unit.text);
        ISOFLOP_CHECK(cost >= 0 && cost <= std::int64_t{0xFFFFFFFF});
        source.costs.push_back(static_cast<std::uint32_t>(cost));
        source.size += cost;
        source.bytes += static_cast<std::int64_t>(unit.text.size());
        steps.add(unit.text.size());
      },
      stop);

  MixReport& report = plan.report;
  report.content_id = corpus.manifest().content_id;
  report.unit = options.unit.name;
  report.budget = options.budget;
  report.seed = options.seed;
  report.max_epochs = options.max_epochs;
  const std::vector<double> weights = corpus::source_weights(plan.sizes, options, report.warnings);
  std::vector<std::int64_t> sizes;
  for (const SourceSizes& source : plan.sizes) sizes.push_back(source.size);
  const std::vector<std::int64_t> shares =
      corpus::shares_under_cap(weights, sizes, options.budget, options.max_epochs, options.unit.name);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    plan.takes.push_back(corpus::take_documents(plan.sizes[i], shares[i], options.unit.least, options.seed));
    SourceTake& take = plan.takes.back();
    if (weights[i] == 0) continue;
    const double wanted = weights[i] * static_cast<double>(options.budget), epochs = wanted / static_cast<double>(sizes[i]);
    take.capped = epochs > options.max_epochs;
    MixSource source{plan.sizes[i].name, weights[i], static_cast<double>(shares[i]) / static_cast<double>(options.budget),
                     static_cast<std::int64_t>(plan.sizes[i].costs.size()), sizes[i], shares[i], 0, 0, take.capped};
    source.epochs = static_cast<double>(source.taken) / static_cast<double>(source.size);
    source.written = take.whole_epochs * source.documents + static_cast<std::int64_t>(take.cut.size()) +
                     std::count(take.once_more.begin(), take.once_more.end(), true);
    report.taken += source.taken;
    if (take.capped) {
      report.warnings.push_back(
          {"source_capped", "source `" + source.name + "` holds " + std::to_string(source.size) + " " + report.unit +
                                ": its share of " + format_significant(weights[i], 4) + " would take " +
                                format_significant(epochs, 4) + " epochs, the cap of " + format_number(options.max_epochs) +
                                " leaves it " + format_significant(source.share, 4) + ", and the other sources take the rest"});
    }
    report.sources.push_back(std::move(source));
  }
  return plan;
}

// lines on their way to their places: each falls into a bucket by chance, and a bucket is put in order in memory
class Buckets {
 public:
  Buckets(const fs::path& folder, std::size_t count, std::uint64_t seed)
      : folder_(folder), random_{.seed = seed, .stream = Stream::data_mix} {
    for (std::size_t i = 0; i < count; ++i) writers_.emplace_back(path_of(i), FileWriter::Mode::create);
  }

  void add(std::string_view line) {
    const std::uint64_t bucket = random_.below(writers_.size(), next_, 0);
    std::array<std::uint64_t, 2> head = {random_.bits(next_, 1), line.size()};
    ++next_;
    writers_[bucket].write(std::string_view(reinterpret_cast<const char*>(head.data()), sizeof head));
    writers_[bucket].write(line);
  }

  // A part for each bucket. Result: how many lines each holds.
  std::vector<std::int64_t> write_to(corpus::PartsFolder& folder, std::stop_token stop) {
    std::vector<std::int64_t> counts;
    for (FileWriter& writer : writers_) writer.close();
    for (std::size_t i = 0; i < writers_.size(); ++i) {
      if (stop.stop_requested()) throw Error(Fault::stopped, folder_.string(), "stopped while the mixture was written");
      const std::string bucket = read_file(path_of(i));
      struct Line {
        std::uint64_t key;
        std::size_t at, size;
      };
      std::vector<Line> lines;
      for (std::size_t at = 0; at < bucket.size();) {
        std::array<std::uint64_t, 2> head{};
        std::memcpy(head.data(), bucket.data() + at, sizeof head);
        at += sizeof head;
        lines.push_back({head[0], at, static_cast<std::size_t>(head[1])});
        at += lines.back().size;
      }
      std::sort(lines.begin(), lines.end(),
                [](const Line& a, const Line& b) { return std::pair(a.key, a.at) < std::pair(b.key, b.at); });
      for (const Line& line : lines) folder.write(std::string_view(bucket).substr(line.at, line.size));
      folder.end_part();
      fs::remove(path_of(i));
      counts.push_back(static_cast<std::int64_t>(lines.size()));
    }
    return counts;
  }

 private:
  [[nodiscard]] fs::path path_of(std::size_t bucket) const { return folder_ / ("bucket-" + std::to_string(bucket)); }

  fs::path folder_;
  Philox random_;
  std::vector<FileWriter> writers_;
  std::uint64_t next_ = 0;
};

// what a document's line is
std::string line_of(std::string_view source, std::string_view text) {
  std::string line = "{\"source\":";
  corpus::append_json_text(line, corpus::shown(std::string(source)));
  line += ",\"text\":";
  corpus::append_json_text(line, text);
  return line + "}";
}

std::size_t parts_of(const Plan& plan, std::int64_t part_bytes) {
  double bytes = 0;
  for (std::size_t i = 0; i < plan.sizes.size(); ++i)
    if (plan.sizes[i].size > 0)
      bytes += static_cast<double>(plan.takes[i].target) / static_cast<double>(plan.sizes[i].size) *
               static_cast<double>(plan.sizes[i].bytes);
  return static_cast<std::size_t>(std::clamp<double>(std::ceil(bytes / static_cast<double>(part_bytes)), 1, kMostParts));
}

}  // namespace

MixReport plan_mixture(const Corpus& corpus, const MixOptions& options, std::stop_token stop, const ProgressFn& progress) {
  return make_plan(corpus, options, stop, progress).report;
}

MixReport write_mixture(const Corpus& corpus, const MixOptions& options, const std::string& folder, std::stop_token stop,
                        const ProgressFn& progress) {
  corpus::PartsFolder parts(folder, corpus::kMixManifest, std::numeric_limits<std::int64_t>::max(), corpus.paths());
  Plan plan = make_plan(corpus, options, stop, progress);
  Buckets buckets(parts.path(), parts_of(plan, options.part_bytes), options.seed);
  std::vector<std::int64_t> next(plan.sizes.size()), short_of(plan.sizes.size()), lost(plan.sizes.size());
  Steps steps(corpus, progress, "mix");
  corpus.for_each_unit(
      [&](const Unit& unit) {
        const std::size_t source = plan.index.find(unit.source)->second;
        const SourceTake& take = plan.takes[source];
        const std::int64_t document = next[source]++;
        steps.add(unit.text.size());
        const std::int64_t copies = take.whole_epochs + (take.once_more[static_cast<std::size_t>(document)] ? 1 : 0);
        if (copies > 0) {
          const std::string line = line_of(unit.source, unit.text);
          for (std::int64_t copy = 0; copy < copies; ++copy) buckets.add(line);
        }
        for (auto [cut, last] = take.cut.equal_range(document); cut != last; ++cut) {
          const std::string_view text =
              corpus::cut_to(unit.text, cut->second, [&](std::string_view part) { return cost_of(options.unit, part); });
          short_of[source] += cut->second - (text.empty() ? 0 : cost_of(options.unit, text));
          if (text.empty()) {
            ++lost[source];
          } else {
            buckets.add(line_of(unit.source, text));
          }
        }
      },
      stop);

  MixReport& report = plan.report;
  for (MixSource& source : report.sources) {
    const std::size_t i = plan.index.find(source.name)->second;
    source.taken -= short_of[i];
    source.written -= lost[i];
    source.epochs = static_cast<double>(source.taken) / static_cast<double>(source.size);
    report.taken -= short_of[i];
  }
  if (report.taken != report.budget)
    report.warnings.push_back({"short", std::to_string(report.budget - report.taken) + " " + report.unit +
                                            " short of the budget: no beginning of a document has as many as were left"});
  const std::vector<std::int64_t> counts = buckets.write_to(parts, stop);
  for (const CorpusFile& file : parts.close())
    report.files.push_back({file.name, file.sha256, counts[report.files.size()], file.stored_bytes});
  parts.finish(seal_json(to_json(report)));
  return report;
}

std::string to_json(const MixReport& report) {
  Json json{{"schema_version", 1},    {"kind", corpus::kMixManifest.kind}, {"content_id", report.content_id},
            {"unit", report.unit},    {"budget", report.budget},           {"taken", report.taken},
            {"seed", report.seed},    {"max_epochs", report.max_epochs},   {"sources", Json::array()},
            {"files", Json::array()}, {"warnings", Json::array()}};
  for (const MixSource& source : report.sources) {
    json["sources"].push_back({{"name", source.name},
                               {"weight", source.weight},
                               {"share", source.share},
                               {"documents", source.documents},
                               {"size", source.size},
                               {"taken", source.taken},
                               {"epochs", source.epochs},
                               {"written", source.written},
                               {"capped", source.capped}});
  }
  for (const MixFile& file : report.files)
    json["files"].push_back({{"name", file.name}, {"sha256", file.sha256}, {"documents", file.documents}, {"bytes", file.bytes}});
  for (const MixWarning& warning : report.warnings) json["warnings"].push_back({{"code", warning.code}, {"text", warning.text}});
  return corpus::dump_report(json);
}

}  // namespace isoflop
