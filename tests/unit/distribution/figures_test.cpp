// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "controller/distribution/figures.h"

using namespace smic::distribution;

TEST_CASE("every node is counted once, by what its proxy does now") {
  Status status;
  const auto add = [&](unsigned streams, bool current, bool elsewhere, std::string refused) {
    NodeStatus node;
    node.node = "n" + std::to_string(status.nodes.size());
    node.streams = streams;
    node.current = current;
    node.elsewhere = elsewhere;
    node.refused = std::move(refused);
    status.nodes.push_back(std::move(node));
  };
  add(1, true, false, "");
  add(0, true, true, "");  // it follows another replica
  add(1, false, false, "wrong key");
  add(0, true, false, "");  // it had it, and went
  HubFigures figures;
  figures.streams = 2;
  figures.bytes = 123456789;
  figures.refused = 1;
  const std::string text = metrics_of(figures, status);
  const auto has = [&](const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
  };
  INFO(text);
  CHECK(has(R"(smic_controller_proxies{state="current"} 2)"));
  CHECK(has(R"(smic_controller_proxies{state="behind"} 1)"));
  CHECK(has(R"(smic_controller_proxies{state="gone"} 1)"));
  CHECK(has("smic_controller_proxies_refusing 1"));
  CHECK(has("smic_controller_proxy_streams_open 2"));
  CHECK(has("smic_controller_state_bytes_sent_total 123456789"));
  CHECK(has(R"(smic_controller_acknowledgements_total{result="refused"} 1)"));
}
