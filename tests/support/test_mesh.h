// SPDX-License-Identifier: Apache-2.0
// Snapshots made by hand, with programs that are C++ functions: what the proxy does with a decision
// is tested without the compiler that makes them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/program/program.h"

namespace smic::test {

// A program that is these functions. Null: route 0 and everything allowed; the split is by the
// weights of the unit's first route.
std::shared_ptr<const program::Program> program_of(contract::MatchFunction match,
                                                   contract::SplitFunction split,
                                                   std::vector<std::string> header_slots = {});

struct TestBackend {
  std::string service;
  std::uint32_t weight = 1;
  std::vector<std::uint16_t> ports;   // endpoints on 127.0.0.1
  std::string identity = "shop/app";  // destination 0 is this identity
};

struct TestUnit {
  std::string service = "shop/web";
  std::string address = "127.0.0.1";
  std::vector<std::string> more_addresses;
  std::uint16_t port = 0;
  contract::Protocol protocol = contract::Protocol::http;
  contract::AccessMode access = contract::AccessMode::permissive;
  std::vector<TestBackend> backends;
  std::shared_ptr<const program::Program> program;  // null: program_of(null, null)
  std::vector<contract::SourceClass> sources;
  contract::RoutePolicy policy;
};

struct TestPod {
  std::string address;
  std::string identity;
};

std::shared_ptr<const program::Snapshot> snapshot_of(
    std::uint64_t version, const std::vector<TestUnit>& units,
    const std::vector<TestPod>& pods = {}, const std::vector<std::string>& mesh_ranges = {});

}  // namespace smic::test
