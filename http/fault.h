// SPDX-License-Identifier: Apache-2.0
// What can go wrong with a request, told apart by what is to be done about it.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smic::http {

enum class Fault {
  stopped,       // we were told to stop
  unreachable,   // no connection, or it broke: try again
  untrusted,     // the server's certificate is not what the configuration says
  timed_out,     // try again
  unauthorized,  // our credentials are not accepted: read them again
  forbidden,     // we lack a right
  not_found,     // the object, or its kind
  conflict,      // someone else wrote: read again and decide again
  expired,       // what was asked for is gone: begin again
  throttled,     // wait as told, then try again
  unavailable,   // the server has a problem: try again
  refused,       // the request is wrong: trying again does not help
  unreadable,    // the answer is not what the protocol says, or over a limit
};

struct Failure {
  Fault fault = Fault::unreachable;
  std::string message;
  int status = 0;                   // of HTTP; 0 = there was no answer
  std::string reason;               // of a Kubernetes Status: "AlreadyExists", …
  std::vector<std::string> causes;  // its details: conflicting field managers, invalid fields
  std::optional<std::chrono::seconds> retry_after;  // as the server asks

  // With what to do about it, for a log.
  std::string told() const;
  operator Error() const { return Error{told()}; }
};

template <class T>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> fault(Fault fault, std::string message) {
  return std::unexpected(Failure{fault, std::move(message)});
}

// Puts a context in front.
std::unexpected<Failure> fault(Failure error, std::string_view context);

// What an HTTP status means, before its body is read.
Fault fault_of_status(int status);

}  // namespace smic::http
