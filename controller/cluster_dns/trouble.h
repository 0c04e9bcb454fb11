// SPDX-License-Identifier: Apache-2.0
// Why something was not done, by what is to be done about it.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "controller/kube/fault.h"

namespace smic::cluster_dns {

struct Trouble {
  enum class Kind {
    world,     // try again
    waiting,   // something is not there yet: look again
    conflict,  // someone else wrote meanwhile: read again
    refused,   // not understood, or no room: nothing was changed; trying again does not help
    not_live,  // written, not lived by in its time, taken back
  };
  Kind kind = Kind::world;
  std::string message;
};

template <class T>
using Outcome = std::expected<T, Trouble>;

inline std::unexpected<Trouble> refuse(std::string message) {
  return std::unexpected(Trouble{Trouble::Kind::refused, std::move(message)});
}

inline std::unexpected<Trouble> wait_for(std::string message) {
  return std::unexpected(Trouble{Trouble::Kind::waiting, std::move(message)});
}

inline std::unexpected<Trouble> trouble(const kube::ApiError& error) {
  const auto kind =
      error.fault == kube::Fault::conflict ? Trouble::Kind::conflict : Trouble::Kind::world;
  return std::unexpected(Trouble{kind, error.told()});
}

}  // namespace smic::cluster_dns
