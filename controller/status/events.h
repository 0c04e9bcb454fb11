// SPDX-License-Identifier: Apache-2.0
// Events (events.k8s.io) about the user's objects, as values: one per object, code and what is
// said. Their names are made of just that, so that whoever says the same again, after a restart or
// from another replica, meets the event that is there instead of making a second one. What happens
// again (another edit with the same mistake) is counted in its series.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "controller/status/verdicts.h"

namespace smic::status {

inline constexpr const char* kReporter = "smic.dev/controller";
inline constexpr std::size_t kMaxEventsOfObject = 8;  // codes at once

struct EventText {
  std::string type;    // "Warning", "Normal"
  std::string reason;  // the code
  std::string note;
  std::string action = "Compile";
  auto operator<=>(const EventText&) const = default;
};

// A text per code, errors first.
std::vector<EventText> texts_of(const std::vector<Finding>& findings);
// Of an object about which nothing is said any more.
EventText healed_text();

std::string event_name(const ObjectName& object, const std::string& uid, const EventText& text);
// Where an event about the object lives.
std::string event_namespace(const ObjectName& object);

using WallTime = std::chrono::system_clock::time_point;
std::string event_body(const ObjectName& object, const Verdict& verdict, const EventText& text,
                       const std::string& instance, WallTime now);
// A merge patch; `count` includes the first time.
std::string series_body(std::uint64_t count, WallTime now);
// How often it was told, of an event as the API has it.
std::uint64_t series_count(std::string_view event);

}  // namespace smic::status
