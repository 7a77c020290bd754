#include "corpus/dedup_work.h"

#include <algorithm>

#include "corpus/inputs.h"
#include "corpus/survey.h"
#include "corpus/white_space.h"
#include "isoflop/text.h"

namespace isoflop::corpus {

void DedupWork::fail_stopped() const {
  throw Error(Fault::stopped, "dedup", "stopped; nothing was written", "run it again");
}

void DedupWork::append(std::string_view piece, const InputFile& file, std::string& text) const {
  // three of them are in memory at a time
  const std::size_t most = std::min(kLongestDocument, static_cast<std::size_t>(options.memory / 8));
  if (text.size() + piece.size() > most) {
    throw Error(Fault::failure, file.path.string(),
                "holds a document of more than " + format_bytes(static_cast<double>(most)) + ", an eighth of the memory given",
                "raise --memory (1 GiB is the longest document), or cut it: JSON Lines with one document a line");
  }
  text += piece;
}

void DedupWork::for_each(const char* stage, const OnRank& work, const InOrder& take) {
  std::int64_t done = 0;
  std::uint64_t seen = 0;
  const auto total = static_cast<double>(documents->text_bytes());
  const auto kept = [this](const Spool::Item& item) { return facts[item.document.number].kept; };
  documents->for_each(
      team, stop,
      [&](std::int64_t rank, std::size_t slot, const Spool::Item& item) {
        if (work && kept(item)) work(rank, slot, item.document);
      },
      [&](std::size_t slot, const Spool::Item& item) {
        if (take && kept(item)) take(slot, item.document);
        done += static_cast<std::int64_t>(item.document.text.size());
        if (progress && ++seen % 256 == 0) progress({stage, static_cast<double>(done), total, "bytes", {}});
      });
  if (progress) progress({stage, total, total, "bytes", {}});
}

void DedupWork::remove(std::uint32_t number, DedupStage& stage) {
  facts[number].kept = false;
  ++stage.removed_documents;
  stage.removed_bytes += facts[number].bytes;
}

void DedupWork::replace(const Document& document, const Document& shorter, Spool& rest, DedupStage& stage) {
  if (shorter.text.size() == document.text.size()) {
    rest.add(document);
  } else if (blank(shorter.text)) {
    remove(document.number, stage);
  } else {
    stage.removed_bytes += static_cast<std::int64_t>(document.text.size() - shorter.text.size());
    facts[document.number].bytes = static_cast<std::uint32_t>(shorter.text.size());
    rest.add(shorter);
  }
}

void DedupWork::without_parts(const char* name, bool paragraphs, const OnRank& work, const Gone& gone, DedupStage& stage) {
  std::unique_ptr<Spool> rest = new_spool();
  std::string text;
  for_each(name, work, [&](std::size_t slot, const Document& document) {
    text.clear();
    for_each_part_of(document.text, paragraphs, [&](std::string_view whole, std::string_view core) {
      if (gone(slot, core)) {
        ++stage.removed_units;
      } else {
        text += whole;
      }
    });
    Document shorter = document;
    shorter.text = text;
    replace(document, shorter, *rest, stage);
  });
  use(std::move(rest));
}

void DedupWork::use(std::unique_ptr<Spool> rest) {
  rest->finish();
  documents = std::move(rest);
}

}  // namespace isoflop::corpus
