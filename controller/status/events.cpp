// SPDX-License-Identifier: Apache-2.0
// Tested by events_test.cpp.
#include "controller/status/events.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "compiler/resources/value.h"
#include "controller/kube/lease.h"

namespace smic::status {
namespace {

using resources::Value;

constexpr std::size_t kLongestNote = 1'000;  // bytes; the API takes 1024
constexpr std::size_t kLongestName = 200;    // of the object, in the event's name
constexpr std::size_t kLongestInstance = 128;

std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

// FNV-1a: names need to differ, not to be hard to guess.
void mix(std::uint64_t& hash, std::string_view text) {
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ull;
  }
  hash = (hash ^ 0xFF) * 1'099'511'628'211ull;  // no byte of UTF-8: two texts are not their sum
}

bool may_end_a_name(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

Value text_value(std::string value) { return Value(std::move(value)); }

}  // namespace

std::vector<EventText> texts_of(const std::vector<Finding>& findings) {
  std::vector<EventText> texts;
  for (const Severity severity : {Severity::error, Severity::warning}) {
    for (const Finding& finding : findings) {
      if (finding.severity != severity) continue;
      auto same = std::ranges::find(texts, finding.code, &EventText::reason);
      if (same == texts.end()) {
        texts.push_back({.type = "Warning", .reason = finding.code, .note = finding.message});
        same = std::prev(texts.end());
      } else {
        same->note += "; " + finding.message;
      }
      if (!finding.help.empty()) same->note += " (" + finding.help + ')';
    }
  }
  if (texts.size() > kMaxEventsOfObject) texts.resize(kMaxEventsOfObject);
  for (EventText& text : texts) text.note = cut(std::move(text.note), kLongestNote);
  return texts;
}

EventText healed_text() {
  return {.type = "Normal", .reason = "Healed", .note = "nothing is wrong with it any more"};
}

std::string event_name(const ObjectName& object, const std::string& uid, const EventText& text) {
  std::uint64_t hash = 14'695'981'039'346'656'037ull;
  for (const std::string& part : {object.kind, uid, text.reason, text.note}) mix(hash, part);
  char digits[18];
  std::snprintf(digits, sizeof digits, ".%016llx", static_cast<unsigned long long>(hash));
  std::string name = object.name.substr(0, kLongestName);
  while (!name.empty() && !may_end_a_name(name.back())) name.pop_back();
  return name + digits;
}

std::string event_namespace(const ObjectName& object) {
  return object.ns.empty() ? "default" : object.ns;
}

std::string event_body(const ObjectName& object, const Verdict& verdict, const EventText& text,
                       const std::string& instance, WallTime now) {
  Value root{Value::Members{}};
  root.set("apiVersion", text_value("events.k8s.io/v1"));
  root.set("kind", text_value("Event"));
  Value& metadata = root.set("metadata", Value(Value::Members{}));
  metadata.set("name", text_value(event_name(object, verdict.uid, text)));
  metadata.set("namespace", text_value(event_namespace(object)));
  root.set("eventTime", text_value(kube::micro_time(now)));
  root.set("reportingController", text_value(kReporter));
  root.set("reportingInstance", text_value(instance.substr(0, kLongestInstance)));
  root.set("action", text_value(text.action));
  root.set("type", text_value(text.type));
  root.set("reason", text_value(text.reason));
  root.set("note", text_value(text.note));
  Value& regarding = root.set("regarding", Value(Value::Members{}));
  regarding.set("apiVersion", text_value(verdict.api_version));
  regarding.set("kind", text_value(object.kind));
  if (!object.ns.empty()) regarding.set("namespace", text_value(object.ns));
  regarding.set("name", text_value(object.name));
  regarding.set("uid", text_value(verdict.uid));
  return print_json(root);
}

std::string series_body(std::uint64_t count, WallTime now) {
  return R"({"series":{"count":)" + std::to_string(count) + R"(,"lastObservedTime":")" +
         kube::micro_time(now) + "\"}}";
}

std::uint64_t series_count(std::string_view event) {
  constexpr std::string_view kCount = "\"count\":";
  const std::size_t at = event.find(kCount);
  std::uint64_t count = 1;  // one that is no series
  if (at != event.npos) {
    std::from_chars(event.data() + at + kCount.size(), event.data() + event.size(), count);
  }
  return count;
}

}  // namespace smic::status
