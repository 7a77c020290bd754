#include "corpus/dedup_work.h"

namespace isoflop::corpus {

void DedupWork::fail_stopped() const {
  throw Error(Fault::stopped, "dedup", "stopped; nothing was written", "run it again");
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

void DedupWork::use(std::unique_ptr<Spool> rest) {
  rest->finish();
  documents = std::move(rest);
}

}  // namespace isoflop::corpus
