// SPDX-License-Identifier: Apache-2.0
// Tested by lease_test.cpp.
#include "controller/kube/lease.h"

#include <charconv>
#include <cstdio>
#include <ctime>

#include "compiler/resources/value.h"

namespace smic::kube {
namespace {

using resources::Value;

constexpr std::uint64_t kLongestDuration = 86'400;  // seconds

std::optional<std::uint64_t> number_in(const Value& object, std::string_view name) {
  const Value* value = object.find(name);
  const auto* number = value == nullptr ? nullptr : value->as<Value::Number>();
  if (number == nullptr) return std::nullopt;
  std::uint64_t parsed = 0;
  const char* end = number->digits.data() + number->digits.size();
  const auto [stopped, error] = std::from_chars(number->digits.data(), end, parsed);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return parsed;
}

Value number(std::uint64_t value) { return Value(Value::Number{std::to_string(value)}); }

Value text(std::string value) { return Value(std::move(value)); }

std::string date(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return text;
}

}  // namespace

std::string micro_time(std::chrono::system_clock::time_point time) {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06dZ", static_cast<int>(micros % 1'000'000));
  return date(time) + fraction;
}

std::string second_time(std::chrono::system_clock::time_point time) { return date(time) + 'Z'; }

std::optional<Lease> read_lease(const std::string& json) {
  const auto root = resources::value_of_json(json);
  if (!root || root->text("kind") != "Lease") return std::nullopt;
  Lease lease;
  const Value* spec = root->find("spec");
  if (spec == nullptr) return lease;
  lease.holder = spec->text("holderIdentity");
  lease.renewed = spec->text("renewTime");
  lease.transitions = number_in(*spec, "leaseTransitions").value_or(0);
  if (const auto seconds = number_in(*spec, "leaseDurationSeconds")) {
    lease.duration = std::chrono::seconds(std::min(*seconds, kLongestDuration));
  }
  return lease;
}

std::string new_lease(const std::string& ns, const std::string& name, const Holding& holding) {
  Value root{Value::Members{}};
  root.set("apiVersion", text("coordination.k8s.io/v1"));
  root.set("kind", text("Lease"));
  Value& metadata = root.set("metadata", Value(Value::Members{}));
  metadata.set("name", text(name));
  metadata.set("namespace", text(ns));
  return renewed_lease(print_json(root), holding);
}

std::string renewed_lease(const std::string& json, const Holding& holding) {
  auto root = resources::value_of_json(json);
  if (root->find("spec") == nullptr || root->find("spec")->as<Value::Members>() == nullptr) {
    root->set("spec", Value(Value::Members{}));
  }
  Value& spec = *root->find("spec");
  if (spec.text("holderIdentity") != holding.holder) {
    const bool had_one = spec.find("leaseTransitions") != nullptr;
    const std::uint64_t before = number_in(spec, "leaseTransitions").value_or(0);
    spec.set("leaseTransitions", number(had_one ? before + 1 : 0));
    spec.set("acquireTime", text(micro_time(holding.now)));
  }
  spec.set("holderIdentity", text(holding.holder));
  spec.set("leaseDurationSeconds", number(static_cast<std::uint64_t>(holding.duration.count())));
  spec.set("renewTime", text(micro_time(holding.now)));
  return print_json(*root);
}

std::string released_lease(const std::string& json, std::chrono::system_clock::time_point now) {
  auto root = resources::value_of_json(json);
  Value& spec = *root->find("spec");
  spec.set("holderIdentity", text(""));
  spec.set("leaseDurationSeconds", number(1));
  spec.set("renewTime", text(micro_time(now)));
  return print_json(*root);
}

}  // namespace smic::kube
