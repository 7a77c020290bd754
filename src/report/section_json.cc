// A section of a page as JSON: a plan that a study keeps is drawn again without being made again.
#include <array>
#include <cmath>

#include "base/json.h"
#include "isoflop/report.h"

namespace isoflop {
namespace {

template <class T, class Write>
Json list(const std::vector<T>& values, Write write) {
  Json out = Json::array();
  for (const T& value : values) out.push_back(write(value));
  return out;
}

template <class T, class Read>
std::vector<T> list_from(const Json& json, const std::string& key, const std::string& subject, Read read) {
  std::vector<T> out;
  for (const Json& value : json_get<std::vector<Json>>(json, key, subject)) out.push_back(read(value));
  return out;
}

constexpr std::array<const char*, 2> kScales{"linear", "log"};
constexpr std::array<const char*, 4> kMarks{"points", "line", "band", "horizontal_rule"};
constexpr std::array<const char*, 3> kTones{"accent", "muted", "ordered"};

template <class Enum, std::size_t n>
Enum word_from(const std::array<const char*, n>& words, const Json& json, const std::string& key, const std::string& subject) {
  const std::string word = json_get<std::string>(json, key, subject);
  for (std::size_t i = 0; i < n; ++i)
    if (word == words[i]) return static_cast<Enum>(i);
  throw Error(Fault::bad_data, subject, "`" + word + "` is no " + key);
}

Json axis_json(const FigureAxis& axis) {
  return {{"label", axis.label},
          {"scale", kScales.at(static_cast<std::size_t>(axis.scale))},
          {"low", json_or_null(axis.low)},
          {"high", json_or_null(axis.high)},
          {"counts", axis.counts}};
}

FigureAxis axis_from(const Json& json, const std::string& subject) {
  return {.label = json_get<std::string>(json, "label", subject),
          .scale = word_from<AxisScale>(kScales, json, "scale", subject),
          .low = json_find<double>(json, "low", subject),
          .high = json_find<double>(json, "high", subject),
          .counts = json_find<bool>(json, "counts", subject).value_or(false)};
}

Json point_json(const FigurePoint& p) {
  Json json{{"x", p.x}, {"y", p.y}};
  if (p.low) json["low"] = *p.low;
  if (p.high) json["high"] = *p.high;
  if (!p.label.empty()) json["label"] = p.label;
  return json;
}

FigurePoint point_from(const Json& json, const std::string& subject) {
  return {.x = json_get<double>(json, "x", subject),
          .y = json_get<double>(json, "y", subject),
          .low = json_find<double>(json, "low", subject),
          .high = json_find<double>(json, "high", subject),
          .label = json_find<std::string>(json, "label", subject).value_or("")};
}

Json series_json(const FigureSeries& s) {
  std::vector<FigurePoint> places;  // what is not finite is not drawn, and JSON has no word for it
  for (FigurePoint p : s.points) {
    for (auto* end : {&p.low, &p.high})
      if (*end && !std::isfinite(**end)) end->reset();
    if (std::isfinite(p.x) && std::isfinite(p.y)) places.push_back(std::move(p));
  }
  return {{"mark", kMarks.at(static_cast<std::size_t>(s.mark))},
          {"name", s.name},
          {"tone", kTones.at(static_cast<std::size_t>(s.tone))},
          {"order", s.order},
          {"dashed", s.dashed},
          {"faint", s.faint},
          {"hollow", s.hollow},
          {"label_end", s.label_end},
          {"points", list(places, point_json)}};
}

FigureSeries series_from(const Json& json, const std::string& subject) {
  return {.mark = word_from<Mark>(kMarks, json, "mark", subject),
          .name = json_get<std::string>(json, "name", subject),
          .tone = word_from<Tone>(kTones, json, "tone", subject),
          .order = json_get<double>(json, "order", subject),
          .dashed = json_get<bool>(json, "dashed", subject),
          .faint = json_get<bool>(json, "faint", subject),
          .hollow = json_get<bool>(json, "hollow", subject),
          .label_end = json_get<bool>(json, "label_end", subject),
          .points = list_from<FigurePoint>(json, "points", subject, [&](const Json& p) { return point_from(p, subject); })};
}

Json figure_json(const CaptionedFigure& captioned) {
  const Figure& f = captioned.figure;
  return {{"id", f.id}, {"title", f.title}, {"description", f.description}, {"x", axis_json(f.x)}, {"y", axis_json(f.y)},
          {"series", list(f.series, series_json)}, {"notes", f.notes}, {"caption", captioned.caption}};
}

CaptionedFigure figure_from(const Json& json, const std::string& subject) {
  Figure figure;
  figure.id = json_get<std::string>(json, "id", subject);
  // it becomes an id of the page, and a file's name
  if (figure.id.empty() || figure.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos)
    throw Error(Fault::bad_data, subject, "`" + figure.id + "` is no id of a figure");
  figure.title = json_get<std::string>(json, "title", subject);
  figure.description = json_get<std::string>(json, "description", subject);
  figure.x = axis_from(json_get<Json>(json, "x", subject), subject);
  figure.y = axis_from(json_get<Json>(json, "y", subject), subject);
  figure.series = list_from<FigureSeries>(json, "series", subject, [&](const Json& s) { return series_from(s, subject); });
  figure.notes = json_get<std::vector<std::string>>(json, "notes", subject);
  return {std::move(figure), json_get<std::string>(json, "caption", subject)};
}

}  // namespace

std::string section_to_json(const PageSection& section) {
  return Json{{"title", section.title},
              {"lead", section.lead},
              {"tiles", list(section.tiles,
                             [](const Tile& t) {
                               return Json{{"what", t.what}, {"value", t.value}, {"more", t.more}};
                             })},
              {"warnings", list(section.warnings,
                                [](const Warning& w) {
                                  return Json{{"code", w.code}, {"text", w.text}};
                                })},
              {"figures", list(section.figures, figure_json)},
              {"tables", list(section.tables,
                              [](const PageTable& t) {
                                return Json{{"title", t.title}, {"head", t.head}, {"rows", t.rows}, {"note", t.note}};
                              })}}
      .dump(1, ' ', false, Json::error_handler_t::replace);
}

PageSection section_from_json(const std::string& text, const std::string& subject) {
  const Json json = parse_json(text, subject);
  const auto word = [&](const Json& object, const char* key) { return json_get<std::string>(object, key, subject); };
  PageSection section;
  section.title = word(json, "title");
  section.lead = word(json, "lead");
  section.tiles = list_from<Tile>(json, "tiles", subject, [&](const Json& t) {
    return Tile{word(t, "what"), word(t, "value"), word(t, "more")};
  });
  section.warnings = list_from<Warning>(json, "warnings", subject, [&](const Json& w) {
    return Warning{word(w, "code"), word(w, "text")};
  });
  section.figures = list_from<CaptionedFigure>(json, "figures", subject, [&](const Json& f) { return figure_from(f, subject); });
  section.tables = list_from<PageTable>(json, "tables", subject, [&](const Json& t) {
    return PageTable{word(t, "title"), json_get<std::vector<std::string>>(t, "head", subject),
                     json_get<std::vector<std::vector<std::string>>>(t, "rows", subject), word(t, "note")};
  });
  return section;
}

}  // namespace isoflop
