// Stretches of bytes that stand earlier, shard by shard: each shard's repeats by its suffix array, then what later documents
// share with it.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "corpus/dedup_suffixes.h"
#include "corpus/dedup_work.h"

namespace isoflop::corpus {
namespace {

constexpr double kShare = 0.6;  // of the memory, for one shard

struct Span {
  std::uint64_t spread = 0;  // of the place, over all 64 bits
  std::uint32_t place = 0, begin = 0, end = 0;

  [[nodiscard]] std::uint64_t order() const { return spread; }
  friend auto operator<=>(const Span&, const Span&) = default;
};

// the documents of one shard, in the order of the spool
struct Shard {
  std::size_t first = 0, last = 0;    // places, the last excluded
  std::vector<std::size_t> starts{};  // of each document in the text
  std::string text{};
};

class SubstringRemover {
 public:
  explicit SubstringRemover(DedupWork& work)
      : work_(work),
        min_length_(work.options.substrings.min_length),
        most_(static_cast<std::size_t>(std::min(kShare * static_cast<double>(work.options.memory) / kSuffixBytes,
                                                static_cast<double>(std::numeric_limits<std::int32_t>::max() - 1)))),
        spread_(std::numeric_limits<std::uint64_t>::max() / std::max<std::size_t>(1, work.documents->size())),
        spans_(work.folder, work.options.memory / 16) {}

  DedupStage run() {
    for (std::size_t place = 0; place < work_.documents->size();) {
      Shard shard = next_shard(place);
      place = shard.last;
      search(std::move(shard));
    }
    cut();
    return stage_;
  }

 private:
  // documents from a place on, as many as fit
  Shard next_shard(std::size_t place) {
    Shard shard{.first = place};
    std::string buffer;
    for (; place < work_.documents->size(); ++place) {
      const Document document = work_.documents->at(place, buffer);
      const bool kept = work_.facts[document.number].kept;
      const std::size_t bytes = kept ? document.text.size() + 1 : 0;
      if (bytes > most_) {
        throw Error(Fault::failure, work_.sources[document.source],
                    "holds a document of " + std::to_string(bytes - 1) +
                        " bytes, more than substrings can be looked for in the memory given",
                    "raise --memory to " +
                        std::to_string(static_cast<std::int64_t>(kSuffixBytes / kShare * static_cast<double>(bytes) / 1e6) + 1) +
                        "MB");
      }
      if (shard.text.size() + bytes > most_) break;
      shard.starts.push_back(shard.text.size());
      if (!kept) continue;
      ++stage_.documents;
      if (shard.text.capacity() < shard.text.size() + bytes)
        shard.text.reserve(std::min(most_, static_cast<std::size_t>(work_.documents->text_bytes()) + work_.documents->size()));
      shard.text += document.text;
      shard.text += kDocumentEnd;
    }
    shard.last = place;
    return shard;
  }

  void search(Shard shard) {
    if (work_.stop.stop_requested()) work_.fail_stopped();
    if (work_.progress) {
      work_.progress(
          {"substrings", static_cast<double>(shard.first), static_cast<double>(work_.documents->size()), "documents", {}});
    }
    SuffixShard suffixes(std::exchange(shard.text, {}), min_length_);
    within(shard, suffixes);
    if (shard.last == work_.documents->size()) return;
    suffixes.prepare_search();
    later_documents(shard, suffixes);
  }

  [[nodiscard]] std::size_t place_in(const Shard& shard, std::size_t position) const {
    // the last document that begins at or before it; documents that are gone share their start with the next
    const auto after = std::upper_bound(shard.starts.begin(), shard.starts.end(), position);
    return shard.first + static_cast<std::size_t>(after - shard.starts.begin()) - 1;
  }
  [[nodiscard]] std::uint32_t source_at(std::size_t place) const { return work_.facts[work_.documents->number_at(place)].source; }

  // repeats inside a shard; the spans they cover
  void within(const Shard& shard, const SuffixShard& suffixes) {
    PositionSet repeats(suffixes.text().size());
    std::vector<BetweenCounts> counts(static_cast<std::size_t>(work_.team.size()));
    suffixes.for_each_repeat(work_.team, [&](std::int64_t rank, std::uint32_t position, std::uint32_t first) {
      repeats.add(position);
      counts[static_cast<std::size_t>(rank)].add(DedupMethod::substrings, source_at(place_in(shard, position)),
                                                 source_at(place_in(shard, first)));
    });
    for (const BetweenCounts& each : counts) work_.between.add(each);
    for (std::size_t i = 0; i < shard.starts.size(); ++i) {
      const std::size_t begin = shard.starts[i], end = i + 1 < shard.starts.size() ? shard.starts[i + 1] : suffixes.text().size();
      std::size_t from = 0, to = 0;  // the stretch so far
      for (std::size_t at = begin; at < end; ++at) {
        if (!repeats.contains(at)) continue;
        if (to != 0 && at > to) add(shard.first + i, from - begin, to - begin);
        if (to == 0 || at > to) from = at;
        to = at + static_cast<std::size_t>(min_length_);
      }
      if (to != 0) add(shard.first + i, from - begin, to - begin);
    }
  }

  // what the documents after a shard share with it
  void later_documents(const Shard& shard, const SuffixShard& suffixes) {
    struct Found {
      std::size_t begin, end;
      std::uint32_t position;
    };
    std::vector<std::vector<Found>> found(Spool::kMostSlots);
    work_.documents->for_each(
        work_.team, work_.stop,
        [&](std::int64_t, std::size_t slot, const Spool::Item& item) {
          found[slot].clear();
          if (item.place < shard.last || !work_.facts[item.document.number].kept) return;
          suffixes.find_in_another(item.document.text, [&](std::size_t begin, std::size_t end, std::uint32_t position) {
            found[slot].push_back({begin, end, position});
          });
        },
        [&](std::size_t slot, const Spool::Item& item) {
          for (const Found& each : found[slot]) {
            add(item.place, each.begin, each.end);
            work_.between.add(DedupMethod::substrings, item.document.source, source_at(place_in(shard, each.position)),
                              static_cast<std::int64_t>(each.end - each.begin) - min_length_ + 1);
          }
        },
        shard.last);
  }

  void add(std::size_t place, std::size_t begin, std::size_t end) {
    spans_.add(
        {place * spread_, static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  }

  // takes the spans out of the documents, in order
  void cut() {
    std::unique_ptr<Spool> rest = work_.new_spool();
    std::string buffer, text;
    std::size_t next = 0;  // place
    const auto copy_to = [&](std::size_t place) {
      for (; next < place; ++next) {
        const Document document = work_.documents->at(next, buffer);
        if (work_.facts[document.number].kept) rest->add(document);
      }
    };
    spans_.for_each_part(
        work_.team, work_.stop, [this] { work_.fail_stopped(); },
        [&](std::span<const Span> spans) {
          for (std::size_t i = 0; i < spans.size();) {
            copy_to(spans[i].place);
            std::size_t last = i;
            while (last < spans.size() && spans[last].place == spans[i].place) ++last;
            const Document document = work_.documents->at(next++, buffer);
            without(document.text, spans.subspan(i, last - i), text);
            Document shorter = document;
            shorter.text = text;
            work_.replace(document, shorter, *rest, stage_);
            i = last;
          }
        });
    copy_to(work_.documents->size());
    work_.use(std::move(rest));
  }

  // the text without its spans; a character that is only partly inside one stays
  void without(std::string_view text, std::span<const Span> spans, std::string& out) {
    const auto inside_character = [text](std::size_t at) { return at < text.size() && !starts_character(text[at]); };
    out.clear();
    std::size_t done = 0;
    for (std::size_t i = 0; i < spans.size();) {
      std::size_t begin = spans[i].begin, end = spans[i].end;
      for (++i; i < spans.size() && spans[i].begin <= end; ++i) end = std::max<std::size_t>(end, spans[i].end);
      while (inside_character(begin)) ++begin;
      while (end > begin && inside_character(end)) --end;
      if (end == begin) continue;
      out += text.substr(done, begin - done);
      done = end;
      ++stage_.removed_units;
    }
    out += text.substr(done);
  }

  DedupWork& work_;
  std::int64_t min_length_;
  std::size_t most_;
  std::uint64_t spread_;
  Partitions<Span> spans_;
  DedupStage stage_{.method = DedupMethod::substrings};
};

}  // namespace

DedupStage remove_substrings(DedupWork& work) {
  return SubstringRemover(work).run();
}

}  // namespace isoflop::corpus
