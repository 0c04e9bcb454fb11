// SPDX-License-Identifier: Apache-2.0
// Tested by conditions_test.cpp.
#include "controller/status/conditions.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "compiler/resources/value.h"

namespace smic::status {
namespace {

using resources::Value;

constexpr std::array<std::string_view, 3> kTypes = {"Accepted", "ResolvedRefs", "Programmed"};

// The codes that say that something named is not there.
constexpr std::array<std::string_view, 5> kReferences = {"W01", "W02", "W04", "W06", "W07"};

constexpr std::size_t kLongestMessage = 2'000;  // bytes; the API takes 32768

std::string cut(std::string text) {
  if (text.size() <= kLongestMessage) return text;
  std::size_t end = kLongestMessage;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

Condition condition(std::string_view type, std::string_view status, std::string reason,
                    std::string message) {
  return {std::string(type), std::string(status),     0,
          std::move(reason), cut(std::move(message)), ""};
}

// The first one's code, and what all of them say.
template <class Counts>
std::optional<Condition> denied(std::string_view type, const Verdict& verdict, Counts counts) {
  std::string reason, message;
  for (const Finding& finding : verdict.findings) {
    if (!counts(finding)) continue;
    if (reason.empty()) reason = finding.code;
    message += (message.empty() ? "" : "; ") + finding.message;
    if (!finding.help.empty()) message += " (" + finding.help + ')';
  }
  if (reason.empty()) return std::nullopt;
  return condition(type, "False", std::move(reason), std::move(message));
}

Condition accepted(const Verdict& verdict) {
  const auto not_so = denied("Accepted", verdict, [](const Finding& finding) {
    return finding.severity == Severity::error;
  });
  return not_so.value_or(condition("Accepted", "True", "Accepted", ""));
}

Condition resolved(const Verdict& verdict, bool accepted) {
  if (!accepted) {
    return condition("ResolvedRefs", "Unknown", "NotAccepted",
                     "what it refers to was not looked for");
  }
  const auto not_so = denied("ResolvedRefs", verdict, [](const Finding& finding) {
    return std::ranges::find(kReferences, finding.code) != kReferences.end();
  });
  return not_so.value_or(condition("ResolvedRefs", "True", "ResolvedRefs", ""));
}

// Nothing: it stays as it stands there.
std::optional<Condition> programmed(const Verdict& verdict, bool accepted, Progress progress,
                                    const Condition* there) {
  if (!accepted) {
    return condition("Programmed", "False", "NotAccepted", "it is left out");
  }
  if (progress == Progress::enforced) return condition("Programmed", "True", "Programmed", "");
  if (progress == Progress::overdue) {
    return condition("Programmed", "False", "Pending", "not all nodes enforce it yet");
  }
  // What stands there names the generation that it speaks of, so it is not wrong in the meantime.
  if (there != nullptr) return std::nullopt;
  return condition("Programmed", "Unknown", "Pending", "no node has said yet that it enforces it");
}

const Condition* find(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

// Equal but for when it became so.
bool says_the_same(const Condition& a, const Condition& b) {
  return a.status == b.status && a.observed_generation == b.observed_generation &&
         a.reason == b.reason && a.message == b.message;
}

Value text(std::string value) { return Value(std::move(value)); }

}  // namespace

std::vector<Condition> read_conditions(const std::string& object) {
  std::vector<Condition> conditions;
  const auto root = resources::value_of_json(object);
  const Value* status = root ? root->find("status") : nullptr;
  const Value* list = status == nullptr ? nullptr : status->find("conditions");
  const auto* items = list == nullptr ? nullptr : list->as<Value::List>();
  if (items == nullptr) return conditions;
  for (const Value& item : *items) {
    const std::string type = item.text("type");
    if (std::ranges::find(kTypes, type) == kTypes.end()) continue;
    Condition condition{type,
                        item.text("status"),
                        0,
                        item.text("reason"),
                        item.text("message"),
                        item.text("lastTransitionTime")};
    const Value* generation = item.find("observedGeneration");
    if (const auto* number = generation ? generation->as<Value::Number>() : nullptr) {
      const char* end = number->digits.data() + number->digits.size();
      std::from_chars(number->digits.data(), end, condition.observed_generation);
    }
    conditions.push_back(std::move(condition));
  }
  std::ranges::sort(conditions, {},
                    [](const Condition& each) { return std::ranges::find(kTypes, each.type); });
  return conditions;
}

std::vector<Condition> wanted_conditions(const Verdict& verdict, Progress progress,
                                         const std::vector<Condition>& there,
                                         const std::string& now) {
  std::vector<Condition> wanted;
  wanted.push_back(accepted(verdict));
  const bool is_accepted = wanted.front().status == "True";
  wanted.push_back(resolved(verdict, is_accepted));
  const Condition* before = find(there, "Programmed");
  if (auto told = programmed(verdict, is_accepted, progress, before)) {
    wanted.push_back(std::move(*told));
  }
  for (Condition& each : wanted) {
    each.observed_generation = verdict.generation;
    const Condition* old = find(there, each.type);
    if (old != nullptr && says_the_same(*old, each)) {
      each = *old;
      continue;
    }
    const bool turned = old == nullptr || old->status != each.status;
    each.last_transition_time =
        turned || old->last_transition_time.empty() ? now : old->last_transition_time;
  }
  if (wanted.size() < kTypes.size()) wanted.push_back(*before);
  return wanted;
}

std::string apply_body(const ObjectName& name, const Verdict& verdict,
                       const std::vector<Condition>& conditions) {
  Value root{Value::Members{}};
  root.set("apiVersion", text(verdict.api_version));
  root.set("kind", text(name.kind));
  Value& metadata = root.set("metadata", Value(Value::Members{}));
  metadata.set("name", text(name.name));
  metadata.set("namespace", text(name.ns));
  metadata.set("uid", text(verdict.uid));
  Value::List list;
  for (const Condition& each : conditions) {
    Value item{Value::Members{}};
    item.set("type", text(each.type));
    item.set("status", text(each.status));
    item.set("observedGeneration", Value(Value::Number{std::to_string(each.observed_generation)}));
    item.set("lastTransitionTime", text(each.last_transition_time));
    item.set("reason", text(each.reason));
    item.set("message", text(each.message));
    list.push_back(std::move(item));
  }
  root.set("status", Value(Value::Members{})).set("conditions", Value(std::move(list)));
  return print_json(root);
}

}  // namespace smic::status
