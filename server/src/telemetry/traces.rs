//! Traces: spans of requests, publications and deliveries, sent to a collector in the background (OTLP over HTTP).
//!
//! Nothing here makes anybody wait: spans that the collector does not take are dropped, and that is told once a minute.

mod patient;
pub mod w3c;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, Span,
};
use ports::ids::NodeId;
use ports::trace::TraceContext;

use self::patient::Patient;
use self::w3c::Parent;
use crate::config::Telemetry;

/// Most spans that wait for the collector; further ones are dropped. About a megabyte.
const WAITING_MAX: usize = 2_048;
/// Most spans of one message to the collector.
const BATCH_MAX: usize = 512;
/// How long spans wait for company.
const DELAY: Duration = Duration::from_secs(1);
/// How long the collector may take.
const COLLECTOR_DEADLINE: Duration = Duration::from_secs(5);
/// How long a node that stops waits for the last spans to be taken.
const LAST_CALL: Duration = Duration::from_secs(2);

tokio::task_local! {
    static CURRENT: Arc<TraceContext>;
}

/// Records spans if a collector is configured; else does nothing.
#[derive(Default)]
pub struct Traces(Option<On>);

struct On {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// A span of a request under way.
pub struct Recording {
    span: Span,
    context: Arc<TraceContext>,
}

impl Traces {
    /// Traces as configured.
    pub fn new(telemetry: &Telemetry, node: NodeId) -> anyhow::Result<Self> {
        let Some(endpoint) = telemetry.traces_endpoint() else { return Ok(Self::default()) };
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_timeout(COLLECTOR_DEADLINE)
            .build()
            .context("telemetry.otlp_endpoint")?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING_MAX)
            .with_max_export_batch_size(BATCH_MAX)
            .with_scheduled_delay(DELAY)
            .build();
        let processor =
            BatchSpanProcessor::builder(Patient::new(exporter)).with_batch_config(batches).build();
        let resource = Resource::builder()
            .with_service_name(telemetry.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", node.to_string()))
            .build();
        let sampler =
            Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(telemetry.sample_ratio.value())));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        let tracer = provider.tracer("wigwag");
        Ok(Self(Some(On { provider, tracer })))
    }

    /// Begins the span of a request, if it is to be recorded: because its sender records, or by chance if that is not
    /// known.
    pub fn request(
        &self,
        parent: impl FnOnce() -> Option<Parent>,
        method: &'static str,
        route: &str,
    ) -> Option<Recording> {
        let on = self.0.as_ref()?;
        let parent = match parent() {
            Some(parent) => remote(parent.trace, parent.span, parent.is_sampled),
            None => Context::new(),
        };
        let attributes =
            vec![KeyValue::new("http.request.method", method), KeyValue::new("http.route", route.to_owned())];
        let named = SpanBuilder::from_name(format!("{method} {route}"));
        let span = named.with_kind(SpanKind::Server).with_attributes(attributes);
        Recording::of(on.tracer.build_with_context(span, &parent))
    }

    /// Begins the span of a publication by whoever is recorded on this task.
    pub fn publication(&self, bytes: usize) -> Option<Recording> {
        let on = self.0.as_ref()?;
        let parent = CURRENT.try_with(|context| within(context)).ok()?;
        let size = i64::try_from(bytes).unwrap_or(i64::MAX);
        let attributes = vec![KeyValue::new("messaging.message.body.size", size)];
        let span =
            SpanBuilder::from_name("publish").with_kind(SpanKind::Producer).with_attributes(attributes);
        Recording::of(on.tracer.build_with_context(span, &parent))
    }

    /// Records that a batch of publications has been handed to so many sessions of a shard.
    pub fn delivered(&self, shard: u16, delivery: &Delivery) {
        let Some(on) = &self.0 else { return };
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let attributes = vec![
            KeyValue::new("wigwag.shard", i64::from(shard)),
            KeyValue::new("wigwag.sessions", count(delivery.sessions)),
            KeyValue::new("wigwag.publications", count(delivery.publications)),
        ];
        let span = SpanBuilder::from_name("deliver")
            .with_kind(SpanKind::Consumer)
            .with_start_time(delivery.began)
            .with_attributes(attributes);
        on.tracer.build_with_context(span, &within(&delivery.trace)).end();
    }

    /// Sends what is left, as far as the collector takes it in time.
    pub async fn end(&self) {
        let Some(on) = &self.0 else { return };
        let provider = on.provider.clone();
        // It waits for a thread. What was not taken by then is lost.
        let _ = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_CALL)).await;
    }
}

/// A batch on its way to the sessions of a shard, as part of a trace.
#[derive(Debug)]
pub struct Delivery {
    trace: Arc<TraceContext>,
    sessions: usize,
    publications: usize,
    began: SystemTime,
}

impl Delivery {
    /// It begins now.
    pub fn new(trace: &Arc<TraceContext>, sessions: usize, publications: usize) -> Self {
        let began = opentelemetry::time::now();
        Self { trace: Arc::clone(trace), sessions, publications, began }
    }
}

impl Recording {
    fn of(span: Span) -> Option<Self> {
        let context = span.span_context();
        if !context.is_sampled() {
            return None;
        }
        let context =
            TraceContext { trace: context.trace_id().to_bytes(), span: context.span_id().to_bytes() };
        Some(Self { span, context: Arc::new(context) })
    }

    /// Where what follows from it belongs.
    pub fn context(&self) -> Arc<TraceContext> {
        Arc::clone(&self.context)
    }

    /// Ends it with the status of an answer.
    pub fn answered(mut self, status: u16) {
        self.span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if status >= 500 {
            self.span.set_status(Status::error(""));
        }
        self.span.end();
    }

    /// Ends it.
    pub fn done(mut self, is_ok: bool) {
        if !is_ok {
            self.span.set_status(Status::error(""));
        }
        self.span.end();
    }
}

/// Does the work as part of a trace.
pub async fn recorded<F: Future>(context: Arc<TraceContext>, work: F) -> F::Output {
    CURRENT.scope(context, work).await
}

/// The trace that this task's work belongs to.
#[cfg(feature = "sentry")]
pub fn current() -> Option<Arc<TraceContext>> {
    CURRENT.try_with(Arc::clone).ok()
}

fn within(context: &TraceContext) -> Context {
    remote(context.trace, context.span, true)
}

fn remote(trace: [u8; 16], span: [u8; 8], is_sampled: bool) -> Context {
    let flags = if is_sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let (trace, span) = (TraceId::from_bytes(trace), SpanId::from_bytes(span));
    Context::new().with_remote_span_context(SpanContext::new(trace, span, flags, true, TraceState::NONE))
}
