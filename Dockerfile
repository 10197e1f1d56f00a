FROM node:24-slim AS build
WORKDIR /app
COPY . .
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:24-slim
RUN groupadd --gid 10001 sumun \
 && useradd --uid 10001 --gid sumun --home-dir /sumun --shell /usr/sbin/nologin sumun \
 && install -d -m 0700 -o sumun -g sumun /sumun
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE /app/config.example.yaml /app/config.schema.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/views views
COPY --from=build /app/dist dist
USER 10001:10001
ENV NODE_ENV=production SUMUN_CONFIG=/sumun/config.yaml
WORKDIR /sumun
VOLUME /sumun
EXPOSE 8080 1812/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=4s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8081/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["run"]
