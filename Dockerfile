# SPDX-License-Identifier: Apache-2.0
# build → runtime (no simulator anywhere in it) → demo (runtime plus simulator).
#
#   docker build --target runtime -t mnht .
#   docker run --read-only --tmpfs /run/mnht:uid=10001,mode=0700 -v mnht-state:/var/lib/mnht \
#     -v ./my-site:/etc/mnht:ro --device AMPLIFIER --device THERMOMETER --device ENABLE_LINE \
#     --group-add dialout --network host mnht          # my-site: from `mnht config init my-site`
#   docker build -t mnht-demo . && docker run --read-only --tmpfs /tmp --network host mnht-demo
#
# The console binds to 127.0.0.1 unless a site says otherwise (and then only with TLS): hence the
# host's network. Every step that does more than make a folder is a job of ./run, and CI runs the
# same jobs.

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY run pyproject.toml ./
COPY requirements requirements
RUN ./run image-deps /opt/mnht
COPY LICENSE README.md ./
COPY tools/wheel.py tools/wheel.py
COPY config config
COPY drivers drivers
COPY mnht_controller mnht_controller
RUN ./run image-app /opt/mnht --without sim_hardware

FROM build AS build-demo
COPY sim_hardware sim_hardware
RUN ./run image-app /opt/mnht

FROM python:3.11-slim-bookworm AS runtime
# platformdirs turns the two XDG folders into /var/lib/mnht and /run/mnht.
ENV PATH=/opt/mnht/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    XDG_STATE_HOME=/var/lib \
    XDG_RUNTIME_DIR=/run
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/mnht /run/mnht
COPY --from=build /opt/mnht /opt/mnht
USER 10001:10001
WORKDIR /var/lib/mnht
VOLUME ["/var/lib/mnht", "/run/mnht"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", \
  "import urllib.request as u; u.urlopen('http://127.0.0.1:8765/api/v1/healthz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["mnht"]
CMD ["serve", "/etc/mnht/sites/site.toml"]

FROM runtime AS demo
# The fit of the simulated patient and its compiled kernels outlive the container with the volume.
ENV XDG_CACHE_HOME=/var/lib/mnht
COPY --from=build-demo /opt/mnht /opt/mnht
CMD ["demo"]
