# One image, every role: `api/main-embedded.ts` (API and hub in one process, the default), `api/main.ts`, `hub/main.ts`,
# `migrations/main.ts`, `api/cli.ts`. Servers run from source (Node strips the types); only what browsers load is built.
# Node is a ceiling as well as a floor: the uWebSockets.js binaries end at ABI 127, which is Node 22.

FROM node:22-bookworm-slim AS pages
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY protocol protocol
COPY api/player api/player
COPY api/console api/console
COPY scripts/build-web.ts scripts/build-web.ts
RUN node scripts/build-web.ts

FROM node:22-bookworm-slim AS packages
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Nothing here needs an install script: native parts come prebuilt in the packages. Node is in the base image, and of the
# 24 uWebSockets.js binaries this machine can load one.
RUN npm ci --omit=dev --ignore-scripts \
 && rm -rf node_modules/node-linux-* node_modules/.bin/node \
 && find node_modules/uWebSockets.js -name 'uws_*.node' \
      ! -name "uws_linux_$(node -p 'process.arch')_$(node -p 'process.versions.modules').node" -delete \
 && node -e "import('uWebSockets.js')"

FROM node:22-bookworm-slim
LABEL org.opencontainers.image.title="Podoh" org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    PODOH_DATA_DIR=/var/lib/podoh
# Measures and pictures videos; without it they are taken as they are.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg \
 && rm -rf /var/lib/apt/lists/*
RUN install -d -o node -g node -m 0700 /var/lib/podoh
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=packages /build/node_modules node_modules
COPY --from=pages /build/dist dist
COPY protocol protocol
COPY migrations migrations
COPY hub hub
COPY api api

# The application cannot write to itself, only to its data.
USER node
VOLUME /var/lib/podoh
EXPOSE 8080 8081
# A hub alone has no API port: it sets HEALTH_PORT to its own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["node", "-e", \
  "fetch('http://127.0.0.1:' + (process.env.HEALTH_PORT || process.env.API_PORT || 8080) + '/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The exec form: signals reach the program itself, and SIGTERM drains it.
CMD ["node", "--disable-warning=ExperimentalWarning", "api/main-embedded.ts"]
