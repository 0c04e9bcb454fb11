// SPDX-License-Identifier: Apache-2.0
#include "http/fault.h"

namespace smic::http {
namespace {

std::string_view advice(Fault fault) {
  switch (fault) {
    case Fault::unauthorized:
      return "the token or client certificate is not valid (any more)";
    case Fault::stopped:
    case Fault::unreachable:
    case Fault::untrusted:
    case Fault::timed_out:
    case Fault::forbidden:
    case Fault::not_found:
    case Fault::conflict:
    case Fault::expired:
    case Fault::throttled:
    case Fault::unavailable:
    case Fault::refused:
    case Fault::unreadable:
      return {};
  }
  return {};
}

}  // namespace

std::string Failure::told() const {
  std::string text = message;
  for (const std::string& cause : causes) text += "; " + cause;
  if (const std::string_view help = advice(fault); !help.empty()) {
    text += " (" + std::string(help) + ')';
  }
  return text;
}

std::unexpected<Failure> fault(Failure error, std::string_view context) {
  error.message = std::string(context) + ": " + error.message;
  return std::unexpected(std::move(error));
}

Fault fault_of_status(int status) {
  switch (status) {
    case 401:
      return Fault::unauthorized;
    case 403:
      return Fault::forbidden;
    case 404:
      return Fault::not_found;
    case 408:
      return Fault::timed_out;
    case 409:
      return Fault::conflict;
    case 410:
      return Fault::expired;
    case 429:
      return Fault::throttled;
    default:
      return status >= 500 ? Fault::unavailable : Fault::refused;
  }
}

}  // namespace smic::http
