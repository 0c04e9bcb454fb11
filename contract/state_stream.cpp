// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/contract/state_stream_test.cpp and tests/fuzz/fuzz_state.cpp.
#include "contract/state_stream.h"

#include <charconv>

#include "base/log.h"

namespace smic::contract {
namespace {

constexpr std::string_view kState = "{\"state\":";
constexpr std::string_view kSet = "{\"set\":";
constexpr std::string_view kRemove = "{\"remove\":\"";
constexpr std::string_view kEnd = "{\"end\":";
constexpr std::string_view kHeartbeat = "{\"heartbeat\":";

// `{"end":18}` with the front cut off: the number, in its one spelling.
std::optional<std::uint64_t> number_in(std::string_view line, std::string_view front) {
  std::uint64_t number = 0;
  const char* begin = line.data() + front.size();
  const char* end = line.data() + line.size();
  const auto [stopped, error] = std::from_chars(begin, end, number);
  if (error != std::errc() || std::string_view(stopped, end) != "}") return std::nullopt;
  if (number > kMostVersion || (*begin == '0' && stopped != begin + 1)) return std::nullopt;
  return number;
}

std::unexpected<Error> not_understood(std::string_view line) {
  return fail("this line is not understood: " + json_escape(line.substr(0, 80)));
}

}  // namespace

std::string delta_lines(const Delta& delta) {
  std::string text;
  auto set = delta.set.begin();
  auto removed = delta.removed.begin();
  while (set != delta.set.end() || removed != delta.removed.end()) {
    const bool sets =
        removed == delta.removed.end() || (set != delta.set.end() && (*set)->key < *removed);
    if (sets) {
      text += (*set++)->line;
    } else {
      text.append(kRemove).append(*removed++).append("\"}");
    }
    text += '\n';
  }
  return text;
}

std::string whole_lines(const Part& mesh, const Part& local) {
  std::size_t size = 0;
  for (const Part* part : {&local, &mesh}) {
    for (const ItemPtr& item : part->items) size += item->line.size() + 1;
  }
  std::string text;
  text.reserve(size);
  for (const Part* part : {&local, &mesh}) {  // `local` sorts before `mesh`
    for (const ItemPtr& item : part->items) (text += item->line) += '\n';
  }
  return text;
}

Result<std::string> lines_of(const State& state) {
  std::string text;
  for (const PartPtr& part : {state.local, state.mesh}) {
    for (const ItemPtr& item : part->items) {
      const auto line = line_of(*item);
      if (!line) return std::unexpected(line.error());
      (text += *line) += '\n';
    }
  }
  return text;
}

std::string end_line(std::uint64_t version) {
  return std::string(kEnd) + std::to_string(version) + "}\n";
}

std::string heartbeat_line(std::uint64_t version) {
  return std::string(kHeartbeat) + std::to_string(version) + "}\n";
}

Result<void> MessageReader::read(std::string_view bytes) {
  for (;;) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (begun_.size() + part.size() > kMaxItemLine) return fail("a line is too long");
    if (end == bytes.npos) {
      begun_ += part;
      return {};
    }
    Result<void> taken;
    if (begun_.empty()) {
      taken = line(part);
    } else {
      std::string whole = std::exchange(begun_, {});
      whole += part;
      taken = line(whole);
    }
    if (!taken) return taken;
    bytes.remove_prefix(end + 1);
  }
}

Result<void> MessageReader::line(std::string_view line) {
  if (line.starts_with(kSet) || line.starts_with(kRemove)) return change(line);
  if (line.starts_with(kState)) return begin(line);
  if (line.starts_with(kEnd)) return end(line);
  if (line.starts_with(kHeartbeat) && !message_ && number_in(line, kHeartbeat)) {
    ++heartbeats_;
    return {};
  }
  return not_understood(line);
}

Result<void> MessageReader::begin(std::string_view line) {
  if (message_) return fail("a state begins inside another");
  auto head = read_head_line(line);
  if (!head) return std::unexpected(head.error());
  message_ = Message{.head = std::move(*head)};
  message_->text.append(line) += '\n';
  last_key_.clear();
  return {};
}

Result<void> MessageReader::follow(std::string_view key) {
  if (key <= last_key_) return fail("items are out of order at `" + json_escape(key) + "`");
  last_key_ = key;
  return {};
}

Result<void> MessageReader::change(std::string_view line) {
  if (!message_) return fail("an item stands outside of a state");
  if (message_->text.size() + line.size() > kMaxManifestBytes) return fail("a state is too long");
  if (line.starts_with(kRemove)) {
    const std::string_view rest = line.substr(kRemove.size());
    if (!rest.ends_with("\"}")) return not_understood(line);
    const std::string_view key = rest.substr(0, rest.size() - 2);
    if (!is_item_key(key)) return not_understood(line);
    if (message_->head.base == 0) return fail("a whole state removes something");
    if (auto good = follow(key); !good) return good;
    message_->delta.removed.emplace_back(key);
  } else {
    auto item = read_item(line);
    if (!item) return std::unexpected(item.error());
    if (auto good = follow((*item)->key); !good) return good;
    message_->delta.set.push_back(std::move(*item));
  }
  message_->text.append(line) += '\n';
  return {};
}

Result<void> MessageReader::end(std::string_view line) {
  const auto version = number_in(line, kEnd);
  if (!message_ || !version) return not_understood(line);
  if (*version != message_->head.signed_head.head.version) {
    return fail("a state ends with another version than it began with");
  }
  message_->text.append(line) += '\n';
  Message whole = std::move(*message_);
  message_.reset();
  return take_(std::move(whole));
}

}  // namespace smic::contract
