#include "runs/lines.h"

#include <algorithm>

#include "base/file.h"
#include "base/sealed_json.h"
#include "isoflop/text.h"
#include "runs/run_folder.h"

namespace isoflop {
namespace {

// the step at the beginning of a damaged line, if that much can be read
std::int64_t claimed_step(std::string_view line) {
  constexpr std::string_view kBegin = "{\"step\":";
  const std::size_t comma = line.find(',');
  const bool begins = line.starts_with(kBegin) && comma != std::string_view::npos;
  const auto step = begins ? parse_int(line.substr(kBegin.size(), comma - kBegin.size())) : std::nullopt;
  return step.value_or(std::numeric_limits<std::int64_t>::max());
}

}  // namespace

template <>
StepRecord parse_line<StepRecord>(const std::string& text, const std::string& subject) {
  return step_record_from_json(text, subject);
}
template <>
EvalRecord parse_line<EvalRecord>(const std::string& text, const std::string& subject) {
  return eval_record_from_json(text, subject);
}

template <class Record>
Lines<Record> read_lines(const std::filesystem::path& path) {
  Lines<Record> lines;
  if (!std::filesystem::exists(path)) return lines;
  const std::string text = read_file(path);

  std::int64_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    ++number;
    const std::size_t newline = text.find('\n', at);
    if (newline == std::string::npos) {
      lines.torn = true;
      break;
    }
    const std::string_view line = std::string_view(text).substr(at, newline + 1 - at);
    const auto object = try_unseal_json(line);
    at = newline + 1;
    if (!object) {
      if (!lines.damage) lines.damage = "line " + std::to_string(number) + ": changed, its checksum does not hold";
      lines.damage_step = std::min(lines.damage_step, claimed_step(line));
      continue;
    }
    Record record = parse_line<Record>(*object, path.string() + " line " + std::to_string(number));
    if (lines.damage) {
      lines.damage_step = std::min(lines.damage_step, record.step);
    } else if (!lines.records.empty() && record.step <= lines.records.back().step) {
      lines.damage = "line " + std::to_string(number) + ": step " + std::to_string(record.step) + " after step " +
                     std::to_string(lines.records.back().step);
      lines.damage_step = std::min(lines.damage_step, record.step);
    } else {
      lines.records.push_back(std::move(record));
      lines.ends.push_back(at);
    }
  }
  return lines;
}

template <class Record>
std::optional<std::string> lines_problem(const Lines<Record>& lines, const std::filesystem::path& path,
                                         const std::optional<std::string>& xxh3) {
  if (lines.damage || !xxh3 || *xxh3 == file_xxh3(path)) return lines.damage;
  if (!std::filesystem::exists(path)) return "is missing, though the run is finished";
  if (lines.torn) return "the last line is torn, though the run is finished";
  return "is not the file that record.json was written with: lines are missing or were added";
}

template Lines<StepRecord> read_lines<StepRecord>(const std::filesystem::path&);
template Lines<EvalRecord> read_lines<EvalRecord>(const std::filesystem::path&);
template std::optional<std::string> lines_problem<StepRecord>(const Lines<StepRecord>&, const std::filesystem::path&,
                                                              const std::optional<std::string>&);
template std::optional<std::string> lines_problem<EvalRecord>(const Lines<EvalRecord>&, const std::filesystem::path&,
                                                              const std::optional<std::string>&);

}  // namespace isoflop
