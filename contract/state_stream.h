// SPDX-License-Identifier: Apache-2.0
// States on the wire and on disk: lines of JSON, one after another, a message each time the state
// changes. `curl` shows them as they are.
//
//   {"state":{"format":1,"node":"n1","epoch":3,"version":18,"mesh":"sha256:…","local":"sha256:…",
//             "key":"9f…"},"base":17,"signature":"…"}
//   {"set":"mesh unit shop reviews 09080 http","value":{…}}
//   {"remove":"mesh unit shop ratings 09080 http"}
//   {"end":18}
//   {"heartbeat":18}
//
// Items come in the order of their keys, and a message counts when its `end` is there: what was cut
// off in between never happened. With base 0 the items are the whole state, else they change the
// state of that version.
#pragma once

#include <functional>
#include <optional>

#include "contract/state.h"

namespace smic::contract {

// Everything between the head and the end.
std::string delta_lines(const Delta& delta);
std::string whole_lines(const Part& mesh, const Part& local);
Result<std::string> lines_of(const State& state);  // of items that were read, too
std::string end_line(std::uint64_t version);
std::string heartbeat_line(std::uint64_t version);

// Takes bytes as they come, in pieces of any size.
class MessageReader {
 public:
  // What a reader does with a whole message; its error ends the reading.
  using Take = std::function<Result<void>(Message)>;

  explicit MessageReader(Take take) : take_(std::move(take)) {}

  // After an error nothing more is read.
  Result<void> read(std::string_view bytes);

  bool in_message() const { return message_.has_value() || !begun_.empty(); }
  std::uint64_t heartbeats() const { return heartbeats_; }

 private:
  Result<void> line(std::string_view line);
  Result<void> begin(std::string_view line);
  Result<void> change(std::string_view line);
  Result<void> end(std::string_view line);
  Result<void> follow(std::string_view key);

  Take take_;
  std::string begun_;  // a line that has not come whole
  std::optional<Message> message_;
  std::string last_key_;  // of the message
  std::uint64_t heartbeats_ = 0;
};

}  // namespace smic::contract
