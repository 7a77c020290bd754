#include "corpus/clean_document.h"

#include <algorithm>
#include <tuple>

#include "base/json.h"
#include "base/utf8.h"
#include "corpus/language.h"
#include "corpus/markup.h"
#include "corpus/normalise.h"
#include "isoflop/text.h"

namespace isoflop::corpus {
namespace {

constexpr std::int64_t kOpening = 80;

std::string opening_of(std::string_view text) {
  std::string opening(first_characters(text, kOpening));
  std::replace(opening.begin(), opening.end(), '\n', ' ');
  return opening;
}

void append_member(std::string& out, const std::string& key, std::string_view text) {
  if (out.size() > 1) out += ", ";
  append_json_text(out, key);
  out += ": ";
  append_json_text(out, text);
}

std::string quality_json(const TextQuality& quality) {
  Json json = {{"language", quality.language}};
  for (std::size_t i = 0; i < kMeasures; ++i) {
    const std::optional<double>& value = quality.values[i];
    if (!value) continue;
    const auto whole = static_cast<std::int64_t>(*value);
    json[measure_table()[i].name] = static_cast<double>(whole) == *value ? Json(whole) : Json(*value);
  }
  return json.dump();
}

// of a document that is one line all works are one text
AozoraWork joined(std::vector<AozoraWork> works) {
  if (works.empty()) return {};
  AozoraWork all = std::move(works.front());
  for (std::size_t i = 1; i < works.size(); ++i) {
    all.text += "\n\n" + works[i].text;
    all.reserved = all.reserved || works[i].reserved;
  }
  return all;
}

// the document a bad one is, by name
Error named(const Error& error, const std::string& subject) {
  return {error.fault(), subject, error.subject() + ": " + error.problem(), error.hint()};
}

}  // namespace

TextFormat format_by_ending(const InputFile& file, TextFormat asked) {
  if (asked != TextFormat::automatic) return asked;
  if (file.ending == ".html" || file.ending == ".htm" || file.ending == ".xhtml") return TextFormat::html;
  if (file.ending == ".md" || file.ending == ".markdown") return TextFormat::markdown;
  return TextFormat::automatic;
}

DocumentCleaner::DocumentCleaner(const CleanOptions& options, const std::vector<InputFile>& files)
    : options_(options), files_(files) {}

CleanedRecord DocumentCleaner::clean(const Record& record) {
  CleanedRecord result;
  result.error = record.error;
  if (result.error) return result;
  try {
    if (files_[record.file].json_lines) {
      clean_line(record, result);
    } else {
      clean_file(record, result);
    }
  } catch (...) {
    result.documents.clear();
    result.aozora = {};
    result.error = std::current_exception();
  }
  return result;
}

// the text freed of mark-up and in one form
std::vector<AozoraWork> DocumentCleaner::works_of(std::string_view text, const InputFile& file, std::string& format,
                                                  AozoraCounts& counts) const {
  TextFormat kind = format_by_ending(file, options_.format);
  if (kind == TextFormat::automatic) kind = looks_like_aozora(text) ? TextFormat::aozora : TextFormat::plain;
  format = to_string(kind);
  std::vector<AozoraWork> works;
  if (kind == TextFormat::aozora) {
    works = read_aozora(text, options_.compose_accents, counts);
  } else {
    works.emplace_back();
    works.back().text = kind == TextFormat::html       ? text_of_html(with_plain_lines(text, false))
                        : kind == TextFormat::markdown ? text_of_markdown(with_plain_lines(text, false))
                                                       : std::string(text);
  }
  for (AozoraWork& work : works) work.text = with_plain_lines(normalised(work.text, options_.form), options_.tidy);
  return works;
}

const Bounds& DocumentCleaner::bounds(const std::string& language) {
  const auto [at, fresh] = bounds_.try_emplace(language);
  if (fresh) at->second = bounds_of(language, options_.bounds);
  return at->second;
}

// counts, measures and bounds of a finished text; `quality` gets the measures as JSON if they are asked for
void DocumentCleaner::judge(const AozoraWork& work, const std::string& language, CleanedDocument& document,
                            std::string& quality) {
  document.characters = count_characters(work.text);
  document.bytes = static_cast<std::int64_t>(work.text.size());
  if (work.text.empty()) {
    document.failures.push_back({kEmptyRule, 0, 0});
    return;
  }
  if (work.reserved && options_.drop_reserved) document.failures.push_back({kReservedRule, 1, 0});
  if (!options_.filter && !options_.annotate) {
    document.language = language.empty() ? tell_language(work.text) : language;
  } else {
    const TextQuality measured = measure_text(work.text, language);
    document.language = measured.language;
    if (options_.annotate) quality = quality_json(measured);
    if (options_.filter) {
      for (const Bounds::Bound& bound : bounds(measured.language).bounds) {
        const std::optional<double>& value = measured.values[bound.measure];
        if (value && !bound.holds(*value)) document.failures.push_back({bound.name, *value, bound.value});
      }
    }
  }
  if (!document.failures.empty()) document.opening = opening_of(work.text);
}

void DocumentCleaner::clean_line(const Record& record, CleanedRecord& result) {
  const InputFile& file = files_[record.file];
  if (!reader_ || reader_file_ != record.file) {
    reader_ = std::make_unique<JsonLineReader>(
        file, ReadOptions{.text_key = options_.text_key, .source_key = options_.source_key, .utf8 = options_.invalid});
    reader_file_ = record.file;
  }
  const std::optional<JsonDocument> read = reader_->parse(record.bytes, record.number);
  if (!read) return;

  CleanedDocument document;
  document.source = read->source;
  document.id = reader_->word(options_.id_key).value_or(shown(file.name) + ":" + std::to_string(record.number));
  document.characters_before = count_characters(read->text);
  const std::string named_language = reader_->word(options_.language_key).value_or("");
  AozoraWork work;
  try {
    work = joined(works_of(read->text, file, document.format, result.aozora));
  } catch (const Error& error) {
    throw named(error, file.path.string() + ":" + std::to_string(record.number));
  }
  std::string quality;
  judge(work, options_.language.empty() ? language_from(named_language) : options_.language, document, quality);
  document.changed = work.text != read->text;

  Splice splice(read->line, read->text_member);
  if (!read->has_source && read->source_member) splice.replace(*read->source_member, as_json_text(shown(file.name)));
  if (!read->source_member) splice.add(options_.source_key, as_json_text(shown(file.name)));
  if (!quality.empty()) splice.add("quality", quality);
  std::string after;
  std::tie(document.line, after) = splice.around();
  append_json_text(document.line, work.text);
  document.line += after;
  result.documents.push_back(std::move(document));
}

void DocumentCleaner::clean_file(const Record& record, CleanedRecord& result) {
  const InputFile& file = files_[record.file];
  std::string format;
  std::vector<AozoraWork> works;
  try {
    works = works_of(record.bytes, file, format, result.aozora);
  } catch (const Error& error) {
    throw named(error, file.path.string());
  }
  if (works.empty()) works.emplace_back();
  for (std::size_t i = 0; i < works.size(); ++i) {
    const AozoraWork& work = works[i];
    CleanedDocument document;
    document.source = shown(file.name);
    document.format = format;
    document.id = document.source + (record.number > 0 ? "#" + std::to_string(record.number) : "") +
                  (works.size() > 1 ? "#" + std::to_string(i + 1) : "");
    document.characters_before = i == 0 ? count_characters(record.bytes) : 0;
    std::string quality;
    judge(work, options_.language, document, quality);
    document.changed = works.size() > 1 || work.text != record.bytes;

    std::string& line = document.line = "{";
    append_member(line, options_.id_key, document.id);
    append_member(line, options_.source_key, document.source);
    const std::pair<const char*, const std::string*> facts[] = {{"title", &work.title},
                                                                {"author", &work.author},
                                                                {"basetext", &work.basetext},
                                                                {"typist", &work.typist},
                                                                {"proofreader", &work.proofreader}};
    for (const auto& [key, value] : facts) {
      if (!value->empty()) append_member(line, key, *value);
    }
    append_member(line, options_.text_key, work.text);
    if (!quality.empty()) line += ", \"quality\": " + quality;
    line += '}';
    result.documents.push_back(std::move(document));
  }
}

}  // namespace isoflop::corpus
