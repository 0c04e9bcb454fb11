// SPDX-License-Identifier: Apache-2.0
#include "runtime/observe/metrics.h"

#include <catch2/catch.hpp>

using namespace smic::observe;

namespace {
bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
}  // namespace

TEST_CASE("a series is made once and found again by its labels") {
  WorkerMetrics metrics;
  RequestSeries& one = metrics.series({"shop/web", "shop/a:80", "Service shop/a", "shop/a:80"});
  CHECK(&metrics.series({"shop/web", "shop/a:80", "Service shop/a", "shop/a:80"}) == &one);
  CHECK(&metrics.series({"shop/web", "shop/b:80", "Service shop/a", "shop/a:80"}) != &one);
}

TEST_CASE("a scrape adds up the workers and renders histograms cumulatively") {
  WorkerMetrics first, second;
  const RequestLabels labels{"shop/web", "shop/a:80", "Service shop/a", "shop/a:80"};
  first.connections_accepted.add(2);
  second.connections_accepted.add(3);
  first.series(labels).by_class[2].add(5);
  second.series(labels).by_class[2].add();
  second.series(labels).by_class[4].add();
  first.series(labels).duration.observe(std::chrono::microseconds(300));
  second.series(labels).duration.observe(std::chrono::milliseconds(20));
  second.series(labels).duration.observe(std::chrono::seconds(100));
  const WorkerMetrics* workers[] = {&first, &second};
  const std::string text = render_prometheus(workers, "more\n");
  const std::string rendered =
      "source=\"shop/web\",destination=\"shop/a:80\",route=\"Service "
      "shop/a\",backend=\"shop/a:80\"";
  INFO(text);
  CHECK(has(text, "# TYPE smic_connections_total counter\nsmic_connections_total 5\n"));
  CHECK(has(text, "smic_requests_total{" + rendered + ",code=\"2xx\"} 6\n"));
  CHECK(has(text, "smic_requests_total{" + rendered + ",code=\"4xx\"} 1\n"));
  CHECK_FALSE(has(text, "5xx"));
  CHECK(has(text, "_bucket{" + rendered + ",le=\"0.00025\"} 0\n"));
  CHECK(has(text, "_bucket{" + rendered + ",le=\"0.0005\"} 1\n"));
  CHECK(has(text, "_bucket{" + rendered + ",le=\"0.025\"} 2\n"));
  CHECK(has(text, "_bucket{" + rendered + ",le=\"10\"} 2\n"));
  CHECK(has(text, "_bucket{" + rendered + ",le=\"+Inf\"} 3\n"));
  CHECK(has(text, "_sum{" + rendered + "} 100.0203\n"));
  CHECK(text.ends_with("more\n"));
}

TEST_CASE("label values are escaped") {
  WorkerMetrics metrics;
  metrics.series({"a\"b\\c\nd", "", "", ""}).by_class[2].add();
  const WorkerMetrics* workers[] = {&metrics};
  CHECK(has(render_prometheus(workers, ""), "source=\"a\\\"b\\\\c\\nd\""));
}

TEST_CASE("series are bounded: what comes later is counted together") {
  WorkerMetrics metrics;
  for (std::size_t i = 0; i < kMaxSeries; ++i) {
    metrics.series({std::to_string(i), "", "", ""});
  }
  RequestSeries& late = metrics.series({"one more", "", "", ""});
  CHECK(late.labels.source == "other");
  CHECK(&metrics.series({"and another", "", "", ""}) == &late);
}
