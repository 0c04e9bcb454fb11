// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/decision/asked.h"

#include <re2/re2.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>

#include "contract/check_tables.h"
#include "contract/kernel.h"
#include "tests/support/read_units.h"

namespace smic::test {
namespace {

class Re2Judge : public ir::RegexJudge {
 public:
  bool matches(const std::string& regex, std::string_view subject, bool whole) override {
    auto& compiled = patterns_[regex];
    if (!compiled) compiled = std::make_unique<re2::RE2>(regex);
    const re2::StringPiece text(subject.data(), subject.size());
    return compiled->Match(text, 0, text.size(),
                           whole ? re2::RE2::ANCHOR_BOTH : re2::RE2::ANCHOR_START, nullptr, 0);
  }

 private:
  std::map<std::string, std::unique_ptr<re2::RE2>> patterns_;
};

Re2Judge& judge() {
  static Re2Judge judge;
  return judge;
}

std::string destination(const ir::Destinations& to) {
  const auto* ref = std::get_if<ir::DestinationRef>(&to);
  if (ref == nullptr) return "any";
  return ir::to_string(ref->identity) + ":" + std::to_string(ref->port.value_or(0));
}

std::string destination(const contract::Destination& to) {
  return to.identity.empty() ? "any" : to.identity + ":" + std::to_string(to.port);
}

// A copy of exactly the bytes, so that the address sanitizer sees a read past them.
contract::Slice exactly(const std::string& text, std::vector<std::unique_ptr<char[]>>& keep) {
  keep.push_back(std::make_unique<char[]>(text.size()));
  std::ranges::copy(text, keep.back().get());
  return {keep.back().get(), text.size()};
}

}  // namespace

Asked::Asked(ir::Unit unit) : unit_(std::move(unit)), decision_(decision::decide(unit_)) {
  const auto verified = ir::verify(unit_);
  REQUIRE((verified ? "" : verified.error().message) == "");
  const auto checked = contract::check_tables(decision_.tables, decision_.shape);
  REQUIRE((checked ? "" : checked.error().message) == "");
  for (const contract::SourceClass& source : decision_.names.sources) {
    classes_[source.identity] = source.value;
  }
}

Asked::Asked(std::string_view text) : Asked(read_unit(text)) {}

Asked::Answer Asked::evaluated(const ir::Request& request) const {
  const ir::Evaluation evaluation = ir::evaluate(unit_, request, judge());
  Answer answer{evaluation.route, {}};
  for (const std::size_t allow : evaluation.allows) {
    answer.destinations.insert(destination(unit_.allows[allow].to));
  }
  return answer;
}

Asked::Answer Asked::decided(const ir::Request& request) const {
  std::vector<std::unique_ptr<char[]>> keep;
  std::vector<std::vector<contract::Slice>> lines;
  std::vector<contract::HeaderSlot> slots;
  for (const std::string& name : decision_.shape.header_slots) {
    lines.emplace_back();
    for (const auto& [header, value] : request.headers) {
      if (header == name) lines.back().push_back(exactly(value, keep));
    }
  }
  for (const auto& slot : lines) slots.push_back({slot.data(), slot.size()});
  const auto source =
      request.source ? classes_.find(ir::to_string(*request.source)) : classes_.end();
  const contract::RequestView view{exactly(request.path, keep), slots.data(),
                                   static_cast<std::uint32_t>(request.method),
                                   source == classes_.end() ? 0 : source->second};
  contract::Verdict verdict;
  contract::smic_kernel_match(decision_.tables.data(), &view, &verdict);
  Answer answer{verdict.route, {}};
  for (std::size_t d = 0; d < contract::kMaxDestinations; ++d) {
    if ((verdict.allowed[d / 64] >> d % 64 & 1) == 0) continue;
    REQUIRE(d < decision_.names.destinations.size());
    answer.destinations.insert(destination(decision_.names.destinations[d]));
  }
  return answer;
}

std::string Asked::text(const Answer& answer) {
  std::string text = "route " + std::to_string(answer.route) + ", allowed:";
  for (const std::string& destination : answer.destinations) text += " " + destination;
  return text;
}

void Asked::agree(const ir::Request& request) const {
  const Answer expected = evaluated(request), actual = decided(request);
  if (actual == expected) return;
  std::string headers;
  for (const auto& [name, value] : request.headers) headers += name + ": " + value + "\n";
  CAPTURE(static_cast<int>(request.method), request.path, headers);
  CAPTURE(request.source ? ir::to_string(*request.source) : "nobody");
  CHECK(text(actual) == text(expected));
}

void Asked::agree(const Requests& requests) const {
  for (const std::string& source : requests.sources) {
    ir::Request request;
    if (const auto slash = source.find('/'); slash != std::string::npos) {
      request.source = ir::Identity{source.substr(0, slash), source.substr(slash + 1)};
    }
    for (const auto& headers : requests.headers) {
      request.headers = headers;
      for (const ir::Method method : requests.methods) {
        request.method = method;
        for (const std::string& path : requests.paths) {
          request.path = path;
          agree(request);
        }
      }
    }
  }
}

}  // namespace smic::test
