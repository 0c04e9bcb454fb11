// SPDX-License-Identifier: Apache-2.0
// The front door of controller/traffic: what proxies have counted in, `metrics.smi-spec.io` out.
//   window.h     counts since ever, read every few seconds → what happened in the last N seconds
//   pods.h       pods → what they belong to: workload, node, namespace, Services
//   measure.h    both together → metrics of objects, and of edges between them
//   metrics_api.h  the aggregated API: paths, documents, who may ask
//   collector.h  reads proxies
//   topology.h   the mesh at a glance
// Quantiles are read off summed buckets, never averaged. Deliberately absent: any store; a
// controller that starts anew knows the traffic since then.
#pragma once

#include "controller/traffic/collector.h"
#include "controller/traffic/measure.h"
#include "controller/traffic/metrics_api.h"
#include "controller/traffic/pods.h"
#include "controller/traffic/request_header.h"
#include "controller/traffic/topology.h"
#include "controller/traffic/window.h"
